using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>A question that an upstream has put to a client: who asked, and under which id.</summary>
/// <param name="UpstreamId">The raw id token of the upstream's request.</param>
/// <param name="Answered">Called when the client has answered, so that the call's clock runs on.</param>
internal sealed record PendingRequest(IUpstreamSession Asker, ReadOnlyMemory<byte> UpstreamId, Action Answered);

/// <summary>
/// Requests of upstreams on their way through one client: each gets an id of the gateway's own, because ids of different upstreams collide,
/// and the answer finds its way back by it.
/// </summary>
internal sealed class PendingRequests
{
    /// <summary>More open questions than a client can sensibly have; an upstream that asks on gets an error.</summary>
    private const int Limit = 256;

    private readonly ConcurrentDictionary<byte[], PendingRequest> _open = new(Utf8Comparer.Instance);
    private long _lastId;
    private volatile bool _closed;

    /// <summary>Registers a question; its raw id token toward the client, or null when there is no room.</summary>
    public byte[]? Add(PendingRequest request)
    {
        if (_closed || _open.Count >= Limit)
        {
            return null;
        }

        var number = Interlocked.Increment(ref _lastId).ToString(CultureInfo.InvariantCulture);
        var token = Encoding.ASCII.GetBytes($"\"gateway-{number}\"");
        _open[token] = request;
        return token;
    }

    /// <summary>Takes the question that a client's answer belongs to; an answer to nothing is ignored by the caller.</summary>
    public PendingRequest? Take(ReadOnlySpan<byte> idToken)
    {
        return _open.GetAlternateLookup<ReadOnlySpan<byte>>().TryRemove(idToken, out var request) ? request : null;
    }

    public void Remove(byte[] idToken) => _open.TryRemove(idToken, out _);

    public void Close()
    {
        _closed = true;
        _open.Clear();
    }
}
