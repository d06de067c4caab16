using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Hosting.Commands;

/// <summary>A connection of its own to one upstream, for a command that looks at it. Nothing is logged; a program's stderr is shown when it fails.</summary>
internal sealed class InspectedConnection : IAsyncDisposable
{
    private const int LinesShown = 10;

    private readonly StdioUpstream? _program;

    public InspectedConnection(UpstreamConfig upstream, TimeProvider time)
    {
        _program = new StdioUpstream(upstream, new ProcessSlots(() => 1), new NoEvents(), NullLogger.Instance, time);
        Connection = _program;
    }

    public IUpstreamConnection Connection { get; }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

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

        public void ResourceUpdated(Guid upstreamId, ReadOnlyMemory<byte> message)
        {
        }
    }
}
