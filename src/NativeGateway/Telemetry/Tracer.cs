using System.Threading.Channels;

namespace NativeGateway.Telemetry;

/// <summary>Decides what is traced and takes what was. Never waits: what the queue cannot take is counted and gone. Any thread.</summary>
internal sealed class Tracer(TraceSampler sampler, int maxQueued)
{
    private readonly Channel<SpanRecord> _finished = Channel.CreateBounded<SpanRecord>(new BoundedChannelOptions(maxQueued) { SingleReader = true });
    private long _dropped;

    public ChannelReader<SpanRecord> Finished => _finished.Reader;

    /// <summary>Finished spans that found the queue full, or could not be exported.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>The context of an exchange; the default value when it is not sampled.</summary>
    /// <param name="parent">What the caller sent; null for none.</param>
    public SpanContext Begin(TraceParent? parent)
    {
        var random = Random.Shared;
        var (high, low) = parent is { } given ? (given.TraceHigh, given.TraceLow) : ((ulong)random.NextInt64(), NewId(random));
        return sampler.Samples(parent?.IsSampled, low)
            ? new SpanContext { TraceHigh = high, TraceLow = low, Parent = parent?.SpanId ?? 0, Id = NewId(random), UpstreamId = NewId(random) }
            : default;
    }

    public void End(in SpanRecord span)
    {
        if (!_finished.Writer.TryWrite(span))
        {
            CountDropped(1);
        }
    }

    public void CountDropped(int spans) => Interlocked.Add(ref _dropped, spans);

    /// <summary>Never 0, which means none.</summary>
    private static ulong NewId(Random random) => (ulong)random.NextInt64(long.MinValue, long.MaxValue) is var id and not 0 ? id : 1;
}
