using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>serve</c>: runs the gateway over HTTP until a signal.</summary>
internal static class ServeCommand
{
    public static Command Build(CliContext context)
    {
        var options = new ServeArguments();
        var command = new Command("serve", "Run the gateway over HTTP");
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var loaded = OptionsLoader.Load(options.Read(parsed), context.Environment);
            return loaded.Options is null
                ? Task.FromResult(context.FailConfiguration(loaded.Faults))
                : GatewayHost.RunAsync(loaded.Options, loaded.Warnings, context, cancellationToken);
        });
        return command;
    }
}
