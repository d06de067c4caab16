using System.Collections.Concurrent;
using System.Security.Cryptography;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>All open legacy sessions of this process: bounded in number, closed after an idle time.</summary>
internal sealed class SessionTable : IDisposable
{
    public const int MaxSessions = 100_000;

    public static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(30);

    /// <summary>How long an ended stream may be resumed.</summary>
    public static readonly TimeSpan ReplayTime = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly Action<Session> _closed;
    private readonly ITimer _sweep;

    /// <param name="closed">Called for every session that ends.</param>
    public SessionTable(TimeProvider time, Action<Session> closed)
    {
        _time = time;
        _closed = closed;
        _sweep = time.CreateTimer(_ => CloseIdle(), null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
    }

    public int Count => _sessions.Count;

    /// <summary>Memory for what the streams of all sessions have sent.</summary>
    public ReplayBudget Replays { get; } = new();

    public IEnumerable<Session> All => _sessions.Values;

    /// <summary>A new session, or null when the table is full.</summary>
    public Session? Open(string keyId, Guid workspaceId, Guid? upstreamId, ProtocolRevision revision, ClientCapabilities capabilities)
    {
        if (_sessions.Count >= MaxSessions)
        {
            return null;
        }

        // 128 random bits: unguessable, visible ASCII (2025-11-25, basic/transports, "Session Management").
        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var session = new Session(id, keyId, workspaceId, upstreamId, revision, capabilities, new EventReplay(Replays, revision, _time));
        session.Touch(_time.GetTimestamp());
        _sessions[id] = session;
        return session;
    }

    /// <summary>
    /// The session of that id, if this key opened it on this endpoint. Every other case is "not found": a foreign id must not even be confirmed.
    /// </summary>
    public Session? Find(string id, string keyId, Guid? upstreamId)
    {
        if (!_sessions.TryGetValue(id, out var session) || session.KeyId != keyId || session.UpstreamId != upstreamId)
        {
            return null;
        }

        session.Touch(_time.GetTimestamp());
        return session;
    }

    public void Close(Session session)
    {
        if (_sessions.TryRemove(session.Id, out _))
        {
            session.Close();
            _closed(session);
        }
    }

    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var session in _sessions.Values)
        {
            Close(session);
        }
    }

    private void CloseIdle()
    {
        var now = _time.GetTimestamp();
        foreach (var session in _sessions.Values)
        {
            if (session.IsInUse)
            {
                session.Touch(now);
            }

            if (_time.GetElapsedTime(session.LastUsed, now) > IdleTime)
            {
                Close(session);
            }
            else
            {
                session.Replay.Forget(ReplayTime);
            }
        }
    }
}
