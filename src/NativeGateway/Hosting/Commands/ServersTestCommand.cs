using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers test</c>: connects to one registered server and shows what it offers.</summary>
internal static class ServersTestCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var name = new Argument<string>("NAME") { Description = "Its name, as servers list shows it" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("test", "Connect to a server and show what it offers") { name, json };
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

                await using var connection = new InspectedConnection(upstream, context.Time);
                var report = await Inspection.RunAsync(connection.Connection, null, upstream.Timeout, context.Time, cancellationToken);
                var exit = InspectionOutput.Print(context, report, parsed.GetValue(json));
                connection.PrintErrors(report, context);
                return exit;
            },
            cancellationToken));
        return command;
    }
}
