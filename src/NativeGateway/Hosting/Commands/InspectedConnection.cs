using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Hosting.Commands;

/// <summary>A connection of its own to one upstream, for a command that looks at it. Nothing is logged; a program's stderr is shown when it fails.</summary>
internal sealed class InspectedConnection : IAsyncDisposable
{
    private const int LinesShown = 10;

    private readonly OrphanGuard _orphans = new(NullLogger.Instance);
    private readonly HttpUpstreamClients _clients = new();
    private readonly StdioUpstream? _program;

    public InspectedConnection(UpstreamConfig upstream, TimeProvider time)
    {
        var events = new NoEvents();
        if (upstream.Transport == UpstreamTransport.Stdio)
        {
            Connection = _program = new StdioUpstream(upstream, new ProcessSlots(() => 1), _orphans, events, NullLogger.Instance, time);
        }
        else
        {
            var client = upstream.Trusted ? _clients.Trusted : _clients.Guarded;
            Connection = upstream.Transport == UpstreamTransport.Sse
                ? new SseUpstream(upstream, events, client, time, NullLogger.Instance)
                : new HttpUpstream(upstream, events, client, time, NullLogger.Instance);
        }
    }

    public IUpstreamConnection Connection { get; }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await _orphans.DisposeAsync();
        _clients.Dispose();
    }

    /// <summary>What a program that did not do as asked wrote last.</summary>
    public void PrintErrors(InspectionReport report, CliContext context)
    {
        foreach (var line in report.Problems.Count > 0 && _program is not null ? _program.ErrorTail.TakeLast(LinesShown) : [])
        {
            context.Error.WriteLine($"  stderr: {line}");
        }
    }

    private sealed class NoEvents : IUpstreamEvents
    {
        public void ListChanged(Guid upstreamId, McpMethod notification)
        {
        }

        public void ElicitationCompleted(Guid upstreamId, ReadOnlyMemory<byte> message)
        {
        }

        public void ResourceUpdated(Guid upstreamId, ReadOnlyMemory<byte> message)
        {
        }

        public void HealthChanged(VerdictChanged change)
        {
        }
    }
}
