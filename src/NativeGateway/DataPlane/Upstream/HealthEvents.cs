using System.Threading.Channels;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>What happens to the health of upstreams, on its way to the control plane. Nobody waits here: of too many the oldest are dropped and counted.</summary>
internal sealed class HealthEvents
{
    private const int Capacity = 1024;

    private readonly Channel<HealthEvent> _channel;
    private long _dropped;

    public HealthEvents()
    {
        var options = new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true };
        _channel = Channel.CreateBounded<HealthEvent>(options, _ => Interlocked.Increment(ref _dropped));
    }

    public ChannelReader<HealthEvent> Reader => _channel.Reader;

    public long Dropped => Interlocked.Read(ref _dropped);

    public void Write(HealthEvent happened) => _channel.Writer.TryWrite(happened);
}
