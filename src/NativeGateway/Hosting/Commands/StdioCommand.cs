using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>stdio</c>: serves one client on standard input and output.</summary>
internal static class StdioCommand
{
    public static Command Build(CliContext context)
    {
        var (store, key, run) = (new StoreArguments(), new KeyArguments(), new RunArguments());
        var url = new Option<string?>("--url") { Description = "Carry everything to this MCP endpoint, such as http://127.0.0.1:12006/mcp, instead of serving it here", HelpName = "URL" };
        var command = new Command("stdio", "Serve a desktop client on standard input and output") { url };
        store.AddTo(command);
        key.AddTo(command);
        run.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var arguments = run.Read(parsed, key.Read(parsed, store.Read(parsed)));
            return parsed.GetValue(url) is { } address
                ? BridgeAsync(address, arguments, context, cancellationToken)
                : RunAsync(arguments, context, cancellationToken);
        });
        return command;
    }

    public static Task<int> RunAsync(CommandLineOptions arguments, CliContext context, CancellationToken cancellationToken)
    {
        var loaded = OptionsLoader.LoadStdio(arguments, context.Environment);
        return loaded.Options is null
            ? Task.FromResult(context.FailConfiguration(loaded.Faults))
            : GatewayHost.RunAsync(loaded.Options, loaded.Warnings, context, cancellationToken);
    }

    private static Task<int> BridgeAsync(string url, CommandLineOptions arguments, CliContext context, CancellationToken cancellationToken)
    {
        if (arguments is not { Config: null, Database: null, Data: null, RequireApiAuth: false })
        {
            return Task.FromResult(context.Fail("--url goes to a gateway with a configuration of its own: leave out --config, --database, --data and --require-api-auth", ExitCode.Usage));
        }

        var loaded = OptionsLoader.LoadBridge(url, arguments, context.Environment);
        return loaded.Options is null
            ? Task.FromResult(context.FailConfiguration(loaded.Faults))
            : BridgeHost.RunAsync(loaded.Options, context, cancellationToken);
    }
}
