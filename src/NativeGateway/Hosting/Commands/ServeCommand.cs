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
        command.SetAction((parsed, cancellationToken) => RunAsync(options.Read(parsed), context, cancellationToken));
        return command;
    }

    public static Task<int> RunAsync(CommandLineOptions arguments, CliContext context, CancellationToken cancellationToken)
    {
        var loaded = OptionsLoader.Load(arguments, context.Environment);
        return loaded.Options is null
            ? Task.FromResult(context.FailConfiguration(loaded.Faults))
            : GatewayHost.RunAsync(loaded.Options, loaded.Warnings, context, cancellationToken);
    }
}
