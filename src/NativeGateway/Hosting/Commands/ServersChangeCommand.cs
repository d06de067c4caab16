using System.CommandLine;
using NativeGateway.ControlPlane.Registry;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>servers enable|disable|remove</c>: one change of one entry of the database.</summary>
internal static class ServersChangeCommand
{
    public static Command Build(CliContext context, string verb, string description, Func<OperatorWriter, string, CancellationToken, Task<Refusal?>> change)
    {
        var store = new StoreArguments();
        var name = new Argument<string>("NAME") { Description = "Its name, as servers list shows it" };
        var command = new Command(verb, description) { name };
        store.AddTo(command);
        command.SetAction((parsed, cancellationToken) => StoreSession.RunAsync(
            store.Read(parsed),
            context,
            creates: false,
            async session =>
            {
                var key = parsed.GetRequiredValue(name);
                if (session.File.Upstreams.Any(upstream => upstream.Key == key))
                {
                    return context.Fail($"\"{key}\" stands in the configuration file; change it there");
                }

                if (await change(session.Writer, key, cancellationToken) is { } refusal)
                {
                    return context.Fail(refusal.Message);
                }

                context.Out.WriteLine($"{key}: {verb}d.");
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
