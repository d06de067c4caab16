using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One server of the transport of 2024-11-05: one connection for each set of client capabilities, because an upstream learns them once, at
/// <c>initialize</c>. The one without capabilities listens for changes, so it is opened again by itself when it breaks. Any thread.
/// </summary>
internal sealed class SseEndpoint(HttpWire wire, UpstreamIds ids) : IAsyncDisposable
{
    private static readonly TimeSpan LongestOpening = TimeSpan.FromSeconds(10);

    private readonly TimeSpan _limit = wire.Config.Timeout < LongestOpening ? wire.Config.Timeout : LongestOpening;
    private readonly RestartBackoff _backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), wire.Time);
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Dictionary<ClientCapabilities, Connected> _sessions = [];
    private readonly Dictionary<ClientCapabilities, Task<UpstreamOpening>> _openings = [];
    private Task? _reconnecting;
    private TaskCompletionSource? _pauseEnd;
    private GatewayError? _lastError;
    private bool _hadSession;

    private sealed record Connected(SseSession Session, long Since);

    /// <summary>Why the last session ended, or could not be opened; null when one could.</summary>
    public GatewayError? LastError => Volatile.Read(ref _lastError);

    public CircuitBreaker Circuit => wire.Circuit;

    public GatewayError CircuitOpen() => wire.CircuitOpen(Circuit.OpenFor);

    /// <inheritdoc cref="IUpstreamConnection.ProbeAsync"/>
    /// <remarks>Where there is no connection, somebody who answers is reason enough to open one at once.</remarks>
    public async ValueTask<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
    {
        SseSession? session;
        lock (_gate)
        {
            session = _sessions.Values.FirstOrDefault()?.Session;
        }

        if (session is not null)
        {
            return await OwnProbe.PingAsync(session, cancellationToken);
        }

        var outcome = await HttpProbe.ConnectAsync(wire, cancellationToken);
        if (outcome == ProbeOutcome.Answered)
        {
            lock (_gate)
            {
                _backoff.Forget();
                _pauseEnd?.TrySetResult();
            }
        }

        return outcome;
    }

    public SseSession? Find(ClientCapabilities capabilities)
    {
        lock (_gate)
        {
            return _sessions.GetValueOrDefault(capabilities)?.Session;
        }
    }

    public async ValueTask<UpstreamOpening> OpenAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        Task<UpstreamOpening>? opening;
        lock (_gate)
        {
            if (_sessions.TryGetValue(capabilities, out var connected))
            {
                return new UpstreamOpening(connected.Session, null);
            }

            if (_closing.IsCancellationRequested)
            {
                return new UpstreamOpening(null, HttpFailures.Broken(wire.Key, "it is not in use any more"));
            }

            if (!_openings.TryGetValue(capabilities, out opening))
            {
                if (_backoff.Remaining is { } pause)
                {
                    return new UpstreamOpening(null, HttpFailures.Pausing(wire.Key, _lastError?.Detail, pause));
                }

                opening = RunOpeningAsync(capabilities);
                _openings.Add(capabilities, opening);
            }
        }

        return await opening.WaitAsync(cancellationToken);
    }

    /// <summary>From a session, once, before its calls fail: their callers' next attempt shall not meet it again.</summary>
    public void Closed(SseSession session, string reason, bool wanted)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session.Capabilities, out var connected) || connected.Session != session)
            {
                return;
            }

            _sessions.Remove(session.Capabilities);
            if (wanted)
            {
                return;
            }

            _lastError = session.Gone();
            wire.Health.Unreachable(_lastError.Detail, isOpen: false);
            _backoff.Lost(wire.Time.GetElapsedTime(connected.Since));
            wire.Logger.SseConnectionLost(wire.Key, wire.Place, reason);
            if (session.Capabilities == ClientCapabilities.None && _reconnecting is not { IsCompleted: false })
            {
                _reconnecting = ReconnectAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] running;
        await _closing.CancelAsync();
        lock (_gate)
        {
            running = [.. _openings.Values, _reconnecting ?? Task.CompletedTask];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        SseSession[] last;
        lock (_gate)
        {
            last = [.. _sessions.Values.Select(connected => connected.Session)];
        }

        foreach (var session in last)
        {
            session.Close("it is not needed any more", wanted: true);
        }
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
            wire.Logger.OpeningFaulted(wire.Key, wire.Place, fault);
            opening = new UpstreamOpening(null, new GatewayError(ErrorKind.Internal, $"Upstream '{wire.Key}' could not be opened."));
        }

        if (!_closing.IsCancellationRequested)
        {
            wire.Health.Opened(opening.Error);
        }

        var isFresh = Publish(capabilities, ref opening);
        if (isFresh)
        {
            wire.Events.ListChanged(wire.Config.Id, McpMethod.Unknown);
        }

        return opening;
    }

    /// <summary>True when lists may have changed since an earlier session listened for that.</summary>
    private bool Publish(ClientCapabilities capabilities, ref UpstreamOpening opening)
    {
        lock (_gate)
        {
            _openings.Remove(capabilities);
            if (opening.Session is SseSession { IsUsable: true } session)
            {
                _sessions[capabilities] = new Connected(session, wire.Time.GetTimestamp());
                _lastError = null;
                wire.Logger.UpstreamSpeaks(wire.Key, wire.Place, session.Peer.Revision);
                var hadSession = _hadSession;
                _hadSession |= capabilities == ClientCapabilities.None;
                return hadSession && capabilities == ClientCapabilities.None;
            }

            _lastError = opening.Error ?? ((SseSession)opening.Session!).Gone();
            opening = new UpstreamOpening(null, _lastError);
            if (!_closing.IsCancellationRequested)
            {
                _backoff.Lost(TimeSpan.Zero);
                wire.Logger.OpeningFailed(wire.Key, wire.Place, _lastError.Detail ?? _lastError.Message);
            }

            return false;
        }
    }

    private async Task<UpstreamOpening> TryOpenAsync(ClientCapabilities capabilities)
    {
        using var limit = new CancellationTokenSource(_limit, wire.Time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _closing.Token);
        var session = new SseSession(this, wire, ids, capabilities);
        GatewayError? error;
        try
        {
            error = await session.ConnectAsync(ending.Token) ?? await InitializeAsync(session, ending.Token);
        }
        catch (OperationCanceledException fault)
        {
            var isUnreachable = fault is UnsentException && !_closing.IsCancellationRequested;
            error = isUnreachable ? wire.Unreachable() : HttpFailures.OpeningTimeout(wire.Key, _limit);
        }

        if (error is null)
        {
            return new UpstreamOpening(session, null);
        }

        session.Close("its handshake failed", wanted: true);
        return new UpstreamOpening(null, error);
    }

    private async Task<GatewayError?> InitializeAsync(SseSession session, CancellationToken cancellationToken)
    {
        var answer = await OwnCall.AskAsync(
            session, McpMethod.Initialize, id => HandshakeMessages.Initialize(id, session.Capabilities), cancellationToken);
        if (answer.Result is null)
        {
            return answer.Error ?? HttpFailures.Invalid(wire.Key, $"it answered initialize with error {answer.ErrorCode}");
        }

        if (HandshakeReader.ReadInitialization(answer.Result) is not { } peer)
        {
            return HttpFailures.Invalid(wire.Key, "its answer to initialize names no revision that the gateway speaks");
        }

        session.Peer = peer;
        return await session.PostAsync(HandshakeMessages.Initialized, cancellationToken);
    }

    private async Task ReconnectAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (true)
            {
                TimeSpan? pause;
                var pauseEnd = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                lock (_gate)
                {
                    pause = _backoff.Remaining;
                    _pauseEnd = pauseEnd;
                }

                if (pause is { } wait)
                {
                    await Task.WhenAny(Task.Delay(wait, wire.Time, _closing.Token), pauseEnd.Task);
                    _closing.Token.ThrowIfCancellationRequested();
                    continue;
                }

                if ((await OpenAsync(ClientCapabilities.None, _closing.Token)).Session is not null || _closing.IsCancellationRequested)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody needs it any more.
        }
    }
}
