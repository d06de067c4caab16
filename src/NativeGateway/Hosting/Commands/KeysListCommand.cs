using System.CommandLine;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Registry;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>keys list</c>.</summary>
internal static class KeysListCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("list", "List the keys (never their secrets)") { json };
        store.AddTo(command);
        command.SetAction((parsed, cancellationToken) => StoreSession.RunAsync(
            store.Read(parsed),
            context,
            creates: false,
            async session =>
            {
                var keys = (await session.Store.LoadAsync(cancellationToken)).Keys;
                var now = context.Time.GetUtcNow();
                if (parsed.GetValue(json))
                {
                    JsonOutput.PrintList(context.Out, keys, (writer, key) => KeyJson.Write(writer, key, now));
                    return ExitCode.Done;
                }

                var table = new TextTable("ID", "STATE", "SCOPES", "CREATED", "EXPIRES", "NAME");
                foreach (var key in keys)
                {
                    var scopes = string.Join(',', KeyScopeText.Format(key.Scopes));
                    table.Add(key.Id, KeyJson.State(key, now), scopes, KeyOutput.Date(key.CreatedAt), KeyOutput.Date(key.ExpiresAt), key.Name);
                }

                table.Print(context.Out);
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
