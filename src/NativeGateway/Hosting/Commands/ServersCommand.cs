using System.CommandLine;
using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers …</c>: the upstream MCP servers behind the gateway.</summary>
internal static class ServersCommand
{
    public const string Path = "/servers";

    public static Command Build(CliContext context) => new("servers", "Add, list, test and remove the MCP servers behind the gateway")
    {
        ServersAddCommand.Build(context),
        ListCommand.Build(context, Path, "List the servers", ["NAME", "TYPE", "SOURCE", "STATE", "WHERE"], Row, Arrange),
        ListCommand.BuildShow(context, Path, "server", "Show a server with everything but its secrets"),
        ServersTestCommand.Build(context),
        Change("enable", "Offer a server again").Build(context, "enabled"),
        Change("disable", "Stop offering a server, but keep it").Build(context, "disabled"),
        new ChangeCommand(Path, "server", "remove", "Remove a server for good", "DELETE").Build(context, "removed"),
        ServersImportCommand.Build(context),
    };

    private static ChangeCommand Change(string verb, string description) => new(Path, "server", verb, description, "POST", "/" + verb);

    /// <summary>As they are offered: the file's first, each in the place of the database's of the same name.</summary>
    private static IEnumerable<JsonElement> Arrange(IEnumerable<JsonElement> servers) => servers
        .OrderBy(server => AdminVerbs.Text(server, "source") != "file")
        .DistinctBy(server => (AdminVerbs.Text(server, "workspaceId"), AdminVerbs.Text(server, "name")));

    private static string[] Row(JsonElement server) =>
    [
        AdminVerbs.Text(server, "name")!,
        AdminVerbs.Text(server, "type")!,
        AdminVerbs.Text(server, "source")!,
        server.GetProperty("disabled").GetBoolean() ? "disabled" : "enabled",
        AdminVerbs.Text(server, "command") is { } command
            ? string.Join(' ', [command, .. server.GetProperty("args").EnumerateArray().Select(argument => argument.GetString())])
            : string.Join(", ", server.GetProperty("endpoints").EnumerateArray().Select(endpoint => AdminVerbs.Text(endpoint, "url"))),
    ];
}
