using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>keys rotate</c>: a new secret under the same id; the former one is refused at once.</summary>
internal static class KeysRotateCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var which = new Argument<string>("KEY") { Description = "Its id or its name" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("rotate", "Give a key a new secret and print it once; the former one is refused at once") { which, json };
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

                var (issued, refusal) = await session.Writer.RotateKeyAsync(key, cancellationToken);
                if (issued is null)
                {
                    return context.Fail(refusal!.Message);
                }

                KeyOutput.PrintIssued(context, issued, parsed.GetValue(json));
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
