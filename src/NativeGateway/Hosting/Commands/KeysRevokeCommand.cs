using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>keys revoke</c>: refused from now on, on every replica within a second.</summary>
internal static class KeysRevokeCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var which = new Argument<string>("KEY") { Description = "Its id or its name" };
        var command = new Command("revoke", "Refuse a key from now on; this cannot be undone") { which };
        store.AddTo(command);
        command.SetAction((parsed, cancellationToken) => StoreSession.RunAsync(
            store.Read(parsed),
            context,
            creates: false,
            async session =>
            {
                var key = KeyOutput.Find(await session.Store.LoadAsync(cancellationToken), parsed.GetRequiredValue(which), out var problem);
                if (key is null)
                {
                    return context.Fail(problem);
                }

                if (await session.Writer.RevokeKeyAsync(key, cancellationToken) is { } refusal)
                {
                    return context.Fail(refusal.Message);
                }

                context.Out.WriteLine($"Revoked key {key.Id} (\"{key.Name}\").");
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
