using System.Collections.Concurrent;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// One client's legacy MCP session: what it declared in <c>initialize</c>, its calls in flight, the questions that upstreams have put to it,
/// and what waits for its GET stream. Used by many exchanges at once.
/// </summary>
internal sealed class Session(string id, SessionOwner owner, SessionTerms terms, EventReplay replay)
{
    private readonly ConcurrentDictionary<byte[], CallClock> _calls = new(Utf8Comparer.Instance);
    private long _lastUsed;
    private int _logLevel = -1;

    public string Id { get; } = id;

    public SessionOwner Owner { get; } = owner;

    public SessionTerms Terms { get; } = terms;

    /// <summary>It was opened elsewhere or earlier: what it had beside its terms is lost, and its client has missed what happened meanwhile.</summary>
    public bool IsRevived { get; init; }

    public ProtocolRevision Revision => Terms.Revision;

    public ClientCapabilities Capabilities => Terms.Capabilities;

    /// <summary>Questions of upstreams that this client has still to answer.</summary>
    public PendingRequests Pending { get; } = new();

    /// <summary>What goes out on the GET stream.</summary>
    public Outbox Outbox { get; } = new();

    /// <summary>What its streams have sent lately.</summary>
    public EventReplay Replay { get; } = replay;

    /// <summary>A GET stream is open or a call under way: the session is needed, even if the client says nothing.</summary>
    public bool IsInUse => Outbox.IsRead || HasCalls;

    public bool HasCalls => !_calls.IsEmpty;

    /// <summary>The level set by <c>logging/setLevel</c>; null before: everything passes.</summary>
    public LogLevelName? LogLevel
    {
        get => _logLevel < 0 ? null : (LogLevelName)_logLevel;
        set => _logLevel = value is { } level ? (int)level : -1;
    }

    /// <summary>Time stamp of <see cref="TimeProvider"/> of the last use.</summary>
    public long LastUsed => Volatile.Read(ref _lastUsed);

    public void Touch(long timestamp) => Volatile.Write(ref _lastUsed, timestamp);

    /// <summary>Remembers a call so that <c>notifications/cancelled</c> finds it. False when that id is in flight already.</summary>
    public bool TryBegin(ReadOnlySpan<byte> requestId, CallClock call) => _calls.TryAdd(requestId.ToArray(), call);

    public void End(ReadOnlySpan<byte> requestId)
    {
        _calls.GetAlternateLookup<ReadOnlySpan<byte>>().TryRemove(requestId, out _);
    }

    /// <summary>Cancels the call of that raw id token; unknown and finished ids are ignored (basic/utilities/cancellation).</summary>
    public void Cancel(ReadOnlySpan<byte> requestId)
    {
        if (_calls.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(requestId, out var call))
        {
            call.CallOff();
        }
    }

    /// <summary>Ends everything that belongs to the session.</summary>
    public void Close()
    {
        Outbox.Close();
        Pending.Close();
        Replay.Close();
        foreach (var call in _calls.Values)
        {
            call.CallOff();
        }
    }
}
