using System.Net;
using System.Threading.Channels;
using BenchmarkDotNet.Attributes;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Bench;

/// <summary>Reporting a finished call to usage accounting, with the far side of the channel, which takes the event out again.</summary>
public class UsageBench
{
    private readonly Channel<UsageEvent> _channel = Channel.CreateBounded<UsageEvent>(new BoundedChannelOptions(1024) { SingleReader = true });
    private Exchange _exchange = null!;
    private DateTimeOffset _now;

    [GlobalSetup]
    public void Setup()
    {
        var snapshot = Samples.Snapshot(Samples.Key(), Samples.GitHub() with { CostPerCall = 0.01m });
        snapshot.Callers.TryGet("abcdefghijkl"u8, out var caller);
        var head = new RequestHead { Number = default, RemoteAddress = IPAddress.Loopback };
        _exchange = new Exchange(head, null!, (System.IO.Pipelines.PipeReader?)null, default)
        {
            Snapshot = snapshot,
            Caller = caller!,
            Target = snapshot.Workspaces[Samples.Key().WorkspaceId].Upstreams[0],
            CatalogName = "search_issues"u8.ToArray(),
            UpstreamTicks = 1_000,
        };
        if (RpcReader.Read(Samples.ToolsCall(200), out _exchange.Message) != RpcFault.None)
        {
            throw new InvalidOperationException("The sample is no message.");
        }

        _now = TimeProvider.System.GetUtcNow();
    }

    [Benchmark]
    public long Record()
    {
        if (!UsageReport.IsAccountable(_exchange) || !_channel.Writer.TryWrite(UsageReport.Of(_exchange, _now)))
        {
            throw new InvalidOperationException("The call is not reported.");
        }

        return _channel.Reader.TryRead(out var usage) ? usage.CostMicros : 0;
    }
}
