using System.CommandLine;
using NativeGateway.ControlPlane.Admin;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>keys show</c>: what one key may do.</summary>
internal static class KeysShowCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var which = new Argument<string>("KEY") { Description = "Its id or its name" };
        var json = new Option<bool>("--json") { Description = "Print JSON (as it does anyway)", Hidden = true };
        var command = new Command("show", "Show what a key may do (never its secret)") { which, json };
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

                JsonOutput.Print(context.Out, writer =>
                {
                    writer.WriteStartObject();
                    KeyJson.Write(writer, key, context.Time.GetUtcNow());
                    writer.WriteEndObject();
                });
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
