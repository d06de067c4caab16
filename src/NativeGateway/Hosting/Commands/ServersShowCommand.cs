using System.CommandLine;
using NativeGateway.ControlPlane.Admin;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers show</c>: one entry with everything but its secrets.</summary>
internal static class ServersShowCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var name = new Argument<string>("NAME") { Description = "Its name, as servers list shows it" };
        var json = new Option<bool>("--json") { Description = "Print JSON (as it does anyway)", Hidden = true };
        var command = new Command("show", "Show a server with everything but its secrets") { name, json };
        store.AddTo(command);
        command.SetAction((parsed, cancellationToken) => StoreSession.RunAsync(
            store.Read(parsed),
            context,
            creates: false,
            async session =>
            {
                var key = parsed.GetRequiredValue(name);
                if ((await session.LoadUpstreamsAsync(cancellationToken)).FirstOrDefault(one => one.Key == key) is not { } upstream)
                {
                    return context.Fail($"there is no server \"{key}\"; see: native-gateway servers list");
                }

                JsonOutput.Print(context.Out, writer =>
                {
                    writer.WriteStartObject();
                    ServerJson.Write(writer, upstream);
                    writer.WriteEndObject();
                });
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
