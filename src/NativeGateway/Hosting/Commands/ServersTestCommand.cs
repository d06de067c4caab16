using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers test</c>: connects to one registered server and shows what it offers.</summary>
internal static class ServersTestCommand
{
    public static Command Build(CliContext context)
    {
        var where = new AdminArguments();
        var name = new Argument<string>("NAME") { Description = "Its name, as servers list shows it" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("test", "Connect to a server and show what it offers") { name, json };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var key = parsed.GetRequiredValue(name);
            return where.IsRemote(parsed)
                ? where.RunAsync(parsed, context, creates: false, door => TestThereAsync(door, context, key, cancellationToken), cancellationToken)
                : StoreSession.RunAsync(
                    where.ReadStore(parsed), context, creates: false, session => TestHereAsync(session, context, key, parsed.GetValue(json), cancellationToken), cancellationToken);
        });
        return command;
    }

    /// <summary>As the gateway itself sees the server.</summary>
    private static async Task<int> TestThereAsync(IAdminDoor door, CliContext context, string key, CancellationToken cancellationToken)
    {
        if (await AdminVerbs.FindAsync(door, ServersCommand.Path, "server", key, context, cancellationToken) is not { } server)
        {
            return ExitCode.Failed;
        }

        var result = await door.SendAsync("POST", $"{ServersCommand.Path}/{AdminVerbs.Text(server, "id")}/test", null, cancellationToken);
        var exit = AdminVerbs.Finish(result, context, body => AdminVerbs.Print(context, body));
        return exit == ExitCode.Done && !result.Body.GetProperty("ok").GetBoolean() ? ExitCode.Failed : exit;
    }

    /// <summary>From this machine, with all that the server says.</summary>
    private static async Task<int> TestHereAsync(StoreSession session, CliContext context, string key, bool json, CancellationToken cancellationToken)
    {
        if ((await session.LoadUpstreamsAsync(cancellationToken)).FirstOrDefault(one => one.Key == key) is not { } upstream)
        {
            return context.Fail($"there is no server \"{key}\"; see: native-gateway servers list");
        }

        await using var connection = new InspectedConnection(upstream, context.Time);
        var report = await Inspection.RunAsync(connection.Connection, null, upstream.Timeout, context.Time, cancellationToken);
        var exit = InspectionOutput.Print(context, report, json);
        connection.PrintErrors(report, context);
        return exit;
    }
}
