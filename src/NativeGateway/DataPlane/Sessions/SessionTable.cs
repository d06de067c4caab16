using System.Collections.Concurrent;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>A session, or why there is none. Exactly one of the two is set.</summary>
internal readonly record struct SessionFinding(Session? Session, GatewayError? Error);

/// <summary>
/// The legacy sessions that this process holds: bounded in number, let go of after an idle time. Ids carry what a session consists of, so one that
/// an earlier process held, or another replica holds, is taken up when its owner presents its id; and so is one that was idle.
/// </summary>
internal sealed class SessionTable : IDisposable
{
    public const int MaxSessions = 100_000;

    /// <summary>One key must not use up what is there for all.</summary>
    public const int MaxSessionsPerKey = 25_000;

    public static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(30);

    /// <summary>How long an ended stream may be resumed.</summary>
    public static readonly TimeSpan ReplayTime = TimeSpan.FromMinutes(5);

    /// <summary>Unknown, foreign, ended, too old: which of them it is concerns nobody. Only the status counts for clients (404, start anew).</summary>
    private static readonly SessionFinding NotFound =
        new(null, new GatewayError(ErrorKind.SessionNotFound, "There is no such session (any more). Send initialize to open a new one."));

    private static readonly SessionFinding Full =
        new(null, new GatewayError(ErrorKind.Saturated, "The gateway holds as many sessions as it may.") { RetryAfter = TimeSpan.FromSeconds(30) });

    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _perKey = new(StringComparer.Ordinal);
    private readonly SessionIds? _ids;
    private readonly EndedSessions _ended;
    private readonly TimeProvider _time;
    private readonly Action<Session> _opened;
    private readonly Action<Session> _closed;
    private readonly ITimer _sweep;

    /// <param name="ids">Null for a gateway that gives no client a session.</param>
    /// <param name="opened">Called for every session before anybody gets to see it.</param>
    /// <param name="closed">Called for every session that this process lets go of.</param>
    public SessionTable(SessionIds? ids, TimeProvider time, Action<Session> opened, Action<Session> closed)
    {
        _ids = ids;
        _ended = new EndedSessions(time);
        _time = time;
        _opened = opened;
        _closed = closed;
        _sweep = time.CreateTimer(_ => Sweep(), null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
    }

    /// <summary>Clients get sessions. Without, nothing is kept of a client between its requests, and nothing that needs a way back to it is offered.</summary>
    public bool IsOffered => _ids is not null;

    public int Count => _sessions.Count;

    /// <summary>Memory for what the streams of all sessions have sent.</summary>
    public ReplayBudget Replays { get; } = new();

    public IEnumerable<Session> All => _sessions.Values;

    /// <summary>A new session. Only where <see cref="IsOffered"/>.</summary>
    public SessionFinding Open(in SessionOwner owner, ProtocolRevision revision, ClientCapabilities capabilities)
    {
        var terms = new SessionTerms(revision, capabilities, _time.GetUtcNow());
        var id = _ids!.Issue(owner, terms);
        lock (_gate)
        {
            return Add(id, owner, terms, isRevived: false);
        }
    }

    /// <summary>The session of that id, if it is this owner's.</summary>
    public SessionFinding Find(string id, in SessionOwner owner)
    {
        if (!_sessions.TryGetValue(id, out var session))
        {
            return Revive(id, owner);
        }

        if (session.Owner != owner)
        {
            return NotFound;
        }

        session.Touch(_time.GetTimestamp());
        return new SessionFinding(session, null);
    }

    /// <summary>Ends a session for good, as its client wishes.</summary>
    public void End(Session session)
    {
        lock (_gate)
        {
            _ended.Add(session.Id);
        }

        Close(session);
    }

    /// <summary>Lets go of a session.</summary>
    public void Close(Session session)
    {
        lock (_gate)
        {
            if (!_sessions.TryRemove(session.Id, out _))
            {
                return;
            }

            Charge(session.Owner.KeyId, -1);
        }

        session.Close();
        _closed(session);
    }

    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var session in _sessions.Values)
        {
            Close(session);
        }
    }

    private SessionFinding Revive(string id, in SessionOwner owner)
    {
        if (_ids?.Read(id, owner) is not { } terms)
        {
            return NotFound;
        }

        lock (_gate)
        {
            return _sessions.TryGetValue(id, out var session) ? new SessionFinding(session, null)
                : _ended.Contains(id) ? NotFound
                : Add(id, owner, terms, isRevived: true);
        }
    }

    private SessionFinding Add(string id, in SessionOwner owner, in SessionTerms terms, bool isRevived)
    {
        if (_sessions.Count >= MaxSessions || _perKey.GetValueOrDefault(owner.KeyId) >= MaxSessionsPerKey)
        {
            return Full;
        }

        var session = new Session(id, owner, terms, new EventReplay(Replays, terms.Revision, _time)) { IsRevived = isRevived };
        session.Touch(_time.GetTimestamp());
        Charge(owner.KeyId, 1);
        _opened(session);
        _sessions[id] = session;
        return new SessionFinding(session, null);
    }

    private void Charge(string keyId, int change)
    {
        var count = _perKey.GetValueOrDefault(keyId) + change;
        if (count == 0)
        {
            _perKey.Remove(keyId);
        }
        else
        {
            _perKey[keyId] = count;
        }
    }

    private void Sweep()
    {
        var now = _time.GetTimestamp();
        foreach (var session in _sessions.Values)
        {
            if (session.IsInUse)
            {
                session.Touch(now);
            }

            var isIdle = _time.GetElapsedTime(session.LastUsed, now) > IdleTime;
            if (isIdle || (!session.HasCalls && _ids!.IsOver(session.Terms.OpenedAt)))
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
