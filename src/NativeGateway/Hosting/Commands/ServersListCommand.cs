using System.CommandLine;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers list</c>: those of the database and of the configuration file.</summary>
internal static class ServersListCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("list", "List the servers") { json };
        store.AddTo(command);
        command.SetAction((parsed, cancellationToken) => StoreSession.RunAsync(
            store.Read(parsed),
            context,
            creates: false,
            async session =>
            {
                var upstreams = await session.LoadUpstreamsAsync(cancellationToken);
                if (parsed.GetValue(json))
                {
                    JsonOutput.PrintList(context.Out, upstreams, ServerJson.Write);
                    return ExitCode.Done;
                }

                var table = new TextTable("NAME", "TYPE", "SOURCE", "STATE", "WHERE");
                foreach (var upstream in upstreams)
                {
                    var source = upstream.Source == ConfigSource.File ? "file" : "database";
                    table.Add(upstream.Key, ServerJson.Transport(upstream), source, upstream.Disabled ? "disabled" : "enabled", ServerOutput.Where(upstream));
                }

                table.Print(context.Out);
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
