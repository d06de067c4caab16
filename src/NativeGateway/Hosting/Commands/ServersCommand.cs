using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers …</c>: the upstream MCP servers behind the gateway.</summary>
internal static class ServersCommand
{
    public static Command Build(CliContext context) => new("servers", "Add, list, test and remove the MCP servers behind the gateway")
    {
        ServersAddCommand.Build(context),
        ServersListCommand.Build(context),
        ServersShowCommand.Build(context),
        ServersTestCommand.Build(context),
        ServersChangeCommand.Build(context, "enable", "Offer a server again", (writer, name, token) => writer.SetDisabledAsync(name, false, token)),
        ServersChangeCommand.Build(context, "disable", "Stop offering a server, but keep it", (writer, name, token) => writer.SetDisabledAsync(name, true, token)),
        ServersChangeCommand.Build(context, "remove", "Remove a server for good", (writer, name, token) => writer.RemoveUpstreamAsync(name, token)),
        ServersImportCommand.Build(context),
    };
}
