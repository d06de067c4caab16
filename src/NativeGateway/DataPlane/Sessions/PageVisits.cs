using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// Web pages that legacy upstreams have sent users to, by the ids under which the upstreams may say later that a user is done there
/// (2025-11-25, client/elicitation, "Completion Notifications for URL Mode Elicitation"). Bounded in number and time. Any thread.
/// </summary>
internal sealed class PageVisits(TimeProvider time)
{
    /// <summary>How long a request waits for a user to be done before it is sent again, at most: upstreams need not say so.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int MaxVisits = 4096;

    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<(Guid UpstreamId, string Id), Visit> _visits = [];

    private sealed record Visit(long Since)
    {
        public List<Session> Sessions { get; } = [];

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Remembers a page that a client was told of.</summary>
    /// <param name="session">Of a legacy client, which wants to hear when the user is done; null for a modern one.</param>
    public void Expect(Guid upstreamId, string id, Session? session)
    {
        lock (_gate)
        {
            if (!_visits.TryGetValue((upstreamId, id), out var visit))
            {
                MakeRoom();
                _visits[(upstreamId, id)] = visit = new Visit(time.GetTimestamp());
            }

            if (session is not null && !visit.Sessions.Contains(session))
            {
                visit.Sessions.Add(session);
            }
        }
    }

    /// <summary>
    /// Takes <c>notifications/elicitation/complete</c> of an upstream and hands it to the sessions that were told of the page, each on its long
    /// stream. True when it is for the one on whose call's stream it came, or nobody knows for whom it is: then it goes on there.
    /// </summary>
    /// <param name="message">The whole notification; copied.</param>
    /// <param name="current">The session of the call on whose stream it came; null for a stream that belongs to no call.</param>
    public bool Complete(Guid upstreamId, ReadOnlyMemory<byte> message, Session? current)
    {
        if (IdOf(message.Span) is not { } id)
        {
            return true;
        }

        Session[] sessions;
        lock (_gate)
        {
            if (!_visits.TryGetValue((upstreamId, id), out var visit))
            {
                return true;
            }

            visit.Done.TrySetResult();
            sessions = [.. visit.Sessions];
        }

        foreach (var session in sessions.Where(session => session != current))
        {
            session.Outbox.Post(message.ToArray());
        }

        return sessions.Contains(current);
    }

    /// <summary>Waits until the user is done with all of the pages, as far as they are known here; no longer than <see cref="Patience"/>.</summary>
    public async ValueTask WaitAsync(Guid upstreamId, IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        Task[] open;
        lock (_gate)
        {
            open = [.. ids.Select(id => _visits.GetValueOrDefault((upstreamId, id))).OfType<Visit>().Select(visit => visit.Done.Task)];
        }

        try
        {
            await Task.WhenAll(open).WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Perhaps the upstream does not say it. It will ask again if the user is not done.
        }
    }

    private static string? IdOf(ReadOnlySpan<byte> message) => RpcReader.Read(message, out var head) == RpcFault.None
        ? JsonText.GetString(JsonMembers.Find(message, head.Params, "elicitationId"u8).Of(message))
        : null;

    private void MakeRoom()
    {
        if (_visits.Count < MaxVisits)
        {
            return;
        }

        foreach (var (key, visit) in _visits)
        {
            if (time.GetElapsedTime(visit.Since) > Life)
            {
                _visits.Remove(key);
            }
        }

        if (_visits.Count >= MaxVisits)
        {
            _visits.Remove(_visits.MinBy(entry => entry.Value.Since).Key);
        }
    }
}
