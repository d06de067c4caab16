using System.Buffers.Text;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>Mints the request ids of one upstream. Shared by all its sessions, so that a request may move from one to another.</summary>
internal sealed class UpstreamIds
{
    private long _last;

    public int Next(Span<byte> destination)
    {
        Utf8Formatter.TryFormat(Interlocked.Increment(ref _last), destination, out var written);
        return written;
    }

    public byte[] Next()
    {
        Span<byte> id = stackalloc byte[20];
        return id[..Next(id)].ToArray();
    }
}
