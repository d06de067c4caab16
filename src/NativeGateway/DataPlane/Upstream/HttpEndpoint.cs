using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One server behind an upstream: remembers what it speaks and holds the sessions with it. Attempts to open one are shared by all who wait for
/// the same, and go on when one of them gives up. Safe for many threads.
/// </summary>
internal sealed class HttpEndpoint : IAsyncDisposable
{
    private static readonly TimeSpan LongestOpening = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    /// <summary>For a session's stream to be there before the first call may cause a question on it.</summary>
    private static readonly TimeSpan StreamPatience = TimeSpan.FromSeconds(1);

    private readonly HttpWire _wire;
    private readonly UpstreamIds _ids;
    private readonly TimeSpan _limit;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Dictionary<ClientCapabilities, Task<UpstreamOpening>> _openings = [];
    private readonly List<Task> _streams = [];
    private readonly SseFallback _sse;
    private Task<HttpDetection>? _detection;

    /// <summary>Replaced, never changed: read without the lock on every request.</summary>
    private volatile Sessions _sessions = Sessions.None;

    private sealed record Sessions(HttpSession? Modern, IReadOnlyDictionary<ClientCapabilities, HttpSession> Legacy)
    {
        public static readonly Sessions None = new(null, new Dictionary<ClientCapabilities, HttpSession>());

        public IEnumerable<HttpSession> All => Modern is null ? Legacy.Values : [Modern];

        public HttpSession? Find(ClientCapabilities capabilities) => Modern ?? Legacy.GetValueOrDefault(capabilities);

        public Sessions With(HttpSession session) => session.Peer.Revision.IsModern
            ? new Sessions(session, None.Legacy)
            : new Sessions(null, new Dictionary<ClientCapabilities, HttpSession>(Legacy) { [session.Capabilities] = session });
    }

    public HttpEndpoint(HttpUpstream upstream, HttpWire wire, UpstreamIds ids)
    {
        Upstream = upstream;
        _wire = wire;
        _ids = ids;
        _sse = new SseFallback(wire, ids);
        _limit = wire.Config.Timeout < LongestOpening ? wire.Config.Timeout : LongestOpening;
    }

    public HttpUpstream Upstream { get; }

    /// <summary>Its position in the configuration.</summary>
    public int Index => _wire.Health.Index;

    public CircuitBreaker Circuit => _wire.Circuit;

    public GatewayError CircuitOpen() => _wire.CircuitOpen(Circuit.OpenFor);

    public HttpSession? Find(ClientCapabilities capabilities) => _sessions.Find(capabilities);

    public async ValueTask<UpstreamOpening> OpenAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        if (_sse.Find(capabilities) is { } known)
        {
            return new UpstreamOpening(known, null);
        }

        Task<UpstreamOpening>? opening;
        lock (_gate)
        {
            if (Find(capabilities) is { } session)
            {
                return new UpstreamOpening(session, null);
            }

            if (!_openings.TryGetValue(capabilities, out opening))
            {
                opening = RunOpeningAsync(capabilities);
                _openings.Add(capabilities, opening);
            }
        }

        return await opening.WaitAsync(cancellationToken);
    }

    /// <inheritdoc cref="IUpstreamConnection.ProbeAsync"/>
    public async ValueTask<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        if (_sse.IsUsed)
        {
            return await _sse.ProbeAsync(cancellationToken);
        }

        Circuit.EndPause();
        return _sessions.All.FirstOrDefault() is { } session
            ? await HttpProbe.AskAsync(_wire, session.State.Head, _ids, cancellationToken)
            : await HttpProbe.ConnectAsync(_wire, cancellationToken);
    }

    /// <summary>A session turned out to rest on a wrong belief about what this endpoint speaks: the next opening looks again.</summary>
    public void Forget(HttpSession session)
    {
        Sessions forgotten;
        lock (_gate)
        {
            if (!_sessions.All.Contains(session))
            {
                return;
            }

            forgotten = _sessions;
            _sessions = Sessions.None;
            _detection = null;
        }

        foreach (var old in forgotten.All)
        {
            old.Retire();
        }
    }

    /// <summary>A legacy handshake within the time for an opening.</summary>
    public async Task<HttpGreeting> GreetAsync(ClientCapabilities capabilities)
    {
        using var limit = new CancellationTokenSource(_limit, _wire.Time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _closing.Token);
        try
        {
            return await HttpHandshake.InitializeAsync(_wire, _ids, capabilities, ending.Token);
        }
        catch (OperationCanceledException fault)
        {
            var isUnreachable = fault is UnsentException && !_closing.IsCancellationRequested;
            return new HttpGreeting(null, isUnreachable ? _wire.Unreachable() : HttpFailures.OpeningTimeout(_wire.Key, _limit));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _sse.DisposeAsync();
        Sessions last;
        Task[] streams;
        lock (_gate)
        {
            last = _sessions;
            streams = [.. _streams];
            _sessions = Sessions.None;
        }

        using var limit = new CancellationTokenSource(Farewell, _wire.Time);
        await Task.WhenAll([.. last.All.Select(session => EndAsync(session, limit.Token)), .. streams]);
    }

    private async Task<UpstreamOpening> RunOpeningAsync(ClientCapabilities capabilities)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        UpstreamOpening opening;
        try
        {
            opening = await TryOpenAsync(capabilities);
        }
        catch (Exception fault)
        {
            _wire.Logger.OpeningFaulted(_wire.Key, _wire.Place, fault);
            opening = new UpstreamOpening(null, new GatewayError(ErrorKind.Internal, $"Upstream '{_wire.Key}' could not be opened."));
        }

        if (opening.Error is { } error)
        {
            _wire.Logger.OpeningFailed(_wire.Key, _wire.Place, error.Detail ?? error.Message);
        }

        _wire.Health.Opened(opening.Error);

        lock (_gate)
        {
            _openings.Remove(capabilities);
        }

        return opening;
    }

    private async Task<UpstreamOpening> TryOpenAsync(ClientCapabilities capabilities)
    {
        if (_sse.IsUsed && await _sse.TryOpenAsync(capabilities, _closing.Token) is { } again)
        {
            return again;
        }

        Task<HttpDetection> detecting;
        lock (_gate)
        {
            detecting = _detection ??= DetectAsync();
        }

        var detection = await detecting;
        if (detection.Error is not null)
        {
            Unlearn(detecting);
            return new UpstreamOpening(null, detection.Error);
        }

        if (detection.Modern is { } modern)
        {
            return new UpstreamOpening(await KeepAsync(ClientCapabilities.None, modern), null);
        }

        var greeting = await GreetAsync(capabilities);
        if (greeting.State is not { } state)
        {
            // As long as no handshake worked, "legacy" is but a guess: a proxy may have answered for a server that was not there yet.
            Unlearn(detecting);
            return (greeting.MayBeSse ? await _sse.TryOpenAsync(capabilities, _closing.Token) : null) ?? new UpstreamOpening(null, greeting.Error);
        }

        return new UpstreamOpening(await KeepAsync(capabilities, state), null);
    }

    /// <summary>Half of the time is for the question, so that an upstream which ignores it still gets its handshake.</summary>
    private async Task<HttpDetection> DetectAsync()
    {
        try
        {
            return await HttpHandshake.DetectAsync(_wire, _ids, _limit / 2, _closing.Token);
        }
        catch (OperationCanceledException)
        {
            return new HttpDetection(null, false, HttpFailures.OpeningTimeout(_wire.Key, _limit));
        }
    }

    private void Unlearn(Task<HttpDetection> detecting)
    {
        lock (_gate)
        {
            _detection = _detection == detecting && !_sessions.All.Any() ? null : _detection;
        }
    }

    private async Task<HttpSession> KeepAsync(ClientCapabilities capabilities, HttpSessionState state)
    {
        var session = new HttpSession(this, _wire, _ids, capabilities, state);
        var stream = new HttpNotificationStream(session, _wire, _ids);
        var listening = stream.RunAsync(_closing.Token);
        if (session.Calls is not null)
        {
            await stream.Tried.WaitAsync(StreamPatience, _wire.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_gate)
        {
            _streams.RemoveAll(old => old.IsCompleted);
            _streams.Add(listening);
            if (Find(capabilities) is { } existing)
            {
                session.Retire();
                return existing;
            }

            _sessions = _sessions.With(session);
            _wire.Logger.UpstreamSpeaks(_wire.Key, _wire.Place, state.Peer.Revision);
            return session;
        }
    }

    private async Task EndAsync(HttpSession session, CancellationToken cancellationToken)
    {
        var state = session.State;
        session.Retire();
        if (state.Head.SessionId is null)
        {
            return;
        }

        try
        {
            (await _wire.DeleteAsync(state.Head, cancellationToken)).Response?.Dispose();
        }
        catch (OperationCanceledException)
        {
            // It will notice by itself.
        }
    }
}
