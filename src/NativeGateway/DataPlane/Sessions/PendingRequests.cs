using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>Takes a client's answer to a question: the whole message, valid until the task completes, and its head.</summary>
internal delegate ValueTask AnswerTaker(ReadOnlyMemory<byte> message, RpcMessage head, CancellationToken cancellationToken);

/// <summary>
/// Requests of upstreams on their way through one client: each gets an id of the gateway's own, because ids of different upstreams collide,
/// and the answer finds its way back by it.
/// </summary>
internal sealed class PendingRequests
{
    /// <summary>More open questions than a client can sensibly have; an upstream that asks on gets an error.</summary>
    private const int Limit = 256;

    private readonly ConcurrentDictionary<byte[], AnswerTaker> _open = new(Utf8Comparer.Instance);

    /// <summary>An answer to a question that an earlier process put to the same session must not pass for the answer to another one.</summary>
    private readonly string _mark = RandomNumberGenerator.GetHexString(8, lowercase: true);
    private long _lastId;
    private volatile bool _closed;

    public int Count => _open.Count;

    /// <summary>Registers a question; its raw id token toward the client, or null when there is no room.</summary>
    public byte[]? Add(AnswerTaker taker)
    {
        if (_closed || _open.Count >= Limit)
        {
            return null;
        }

        var token = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\"gateway-{_mark}-{Interlocked.Increment(ref _lastId)}\""));
        _open[token] = taker;
        return token;
    }

    /// <summary>Who waits for that answer, once; an answer to nothing is ignored by the caller.</summary>
    public AnswerTaker? Take(ReadOnlySpan<byte> idToken)
    {
        return _open.GetAlternateLookup<ReadOnlySpan<byte>>().TryRemove(idToken, out var taker) ? taker : null;
    }

    /// <summary>Forgets a question. False when it has been answered, or forgotten before.</summary>
    public bool Remove(ReadOnlySpan<byte> idToken) => _open.GetAlternateLookup<ReadOnlySpan<byte>>().TryRemove(idToken, out _);

    public void Close()
    {
        _closed = true;
        _open.Clear();
    }
}
