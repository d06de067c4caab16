using NativeGateway.DataPlane.Bridge;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>The wiring diagram of <c>stdio --url</c>: runs until the client closes its end or a signal comes, and then ends what runs.</summary>
internal static class BridgeHost
{
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(BridgeOptions options, CliContext context, CancellationToken cancellationToken)
    {
        using var log = new ConsoleLogProvider(context.Logs, options.Logging.Format, context.Time);
        using var loggers = ConsoleLogProvider.CreateFactory(log, options.Logging.Level);
        using var signals = new StopSignals(context.Time, cancellationToken);
        using var clients = new HttpUpstreamClients();
        var pipes = context.OpenPipes();
        using var bridge = new StdioBridge(
            new LineChannel(pipes), new BridgeWire(options.Url, options.ApiKey, clients.Trusted.Invoker), loggers.CreateLogger("NativeGateway"));
        await bridge.ReadAsync(signals.Stop);

        // When the client has left by itself, already the first signal means that it has waited long enough.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(signals.Stop.IsCancellationRequested ? signals.Hurry : signals.Stop);
        using var timer = context.Time.CreateTimer(_ => patience.Cancel(), null, options.ShutdownTimeout, Timeout.InfiniteTimeSpan);
        await bridge.DrainAsync(patience.Token);
        pipes.Complete();
        return ExitCode.Done;
    }
}
