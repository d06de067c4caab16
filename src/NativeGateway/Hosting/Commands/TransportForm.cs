using System.CommandLine;
using System.Globalization;

namespace NativeGateway.Hosting.Commands;

/// <summary>
/// The form without a verb, which desktop configurations use: <c>--transport stdio</c>, the default, is <c>stdio</c>, and
/// <c>--transport streamable-http</c> is <c>serve</c> on this machine.
/// </summary>
internal static class TransportForm
{
    private const string Stdio = "stdio";
    private const string StreamableHttp = "streamable-http";

    public static void AddTo(RootCommand root, CliContext context)
    {
        var transport = new Option<string?>("--transport") { Description = "Without a command: stdio (default) or streamable-http", HelpName = "TRANSPORT" };
        var port = new Option<ushort?>("--port") { Description = "With streamable-http: the port on 127.0.0.1 (default: 12006)", HelpName = "N" };
        var stateless = new Option<bool>("--stateless") { Description = "With streamable-http: keep no sessions" };
        transport.AcceptOnlyFromAmong(Stdio, StreamableHttp);
        var (store, key) = (new StoreArguments(), new KeyArguments());
        root.Add(transport);
        root.Add(port);
        root.Add(stateless);
        key.AddTo(root);
        store.AddTo(root);
        root.SetAction((parsed, cancellationToken) =>
        {
            var arguments = key.Read(parsed, store.Read(parsed)) with
            {
                Listen = parsed.GetValue(port) is { } number ? [string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{number}")] : [],
                Stateless = parsed.GetValue(stateless),
            };
            if (parsed.GetValue(transport) == StreamableHttp)
            {
                return ServeCommand.RunAsync(arguments, context, cancellationToken);
            }

            return arguments.Stateless || arguments.Listen.Count > 0
                ? Task.FromResult(context.Fail($"--port and --stateless need --transport {StreamableHttp}", ExitCode.Usage))
                : StdioCommand.RunAsync(arguments, context, cancellationToken);
        });
    }
}
