using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// An upstream that is a child process: started when first needed, shared by all its exchanges, restarted after a crash, stopped when idle.
/// Clients' capabilities make no difference: one process cannot tell whom to ask. Any thread.
/// </summary>
internal sealed class StdioUpstream(
    UpstreamConfig config,
    ProcessSlots slots,
    OrphanGuard guard,
    IUpstreamEvents events,
    ILogger logger,
    TimeProvider time,
    StdioTimings? timings = null)
    : IUpstreamConnection
{
    private readonly StdioTimings _timings = timings ?? StdioTimings.Default;
    private readonly RestartBackoff _backoff = (timings ?? StdioTimings.Default).CreateBackoff(time);
    private readonly StderrLog _errors = new(config, logger, time);
    private readonly CancellationTokenSource _disposing = new();
    private readonly Lock _gate = new();
    private StdioSession? _session;
    private Task<UpstreamOpening>? _starting;
    private GatewayError? _lastError;
    private StdioEra _era;
    private ITimer? _idleTimer;
    private long _readyAt;
    private bool _wasReady;
    private bool _disposed;

    /// <summary>The last lines on stderr, of the present process and earlier ones, oldest first.</summary>
    public IReadOnlyList<string> ErrorTail => _errors.Tail;

    /// <summary>The running process, or null.</summary>
    public int? ProcessId => Volatile.Read(ref _session)?.ProcessId;

    public ValueTask<UpstreamOpening> OpenAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        var session = Volatile.Read(ref _session);
        return session is not null && session.TryTouch()
            ? new ValueTask<UpstreamOpening>(new UpstreamOpening(session, null))
            : OpenSlowlyAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Task? starting;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            starting = _starting;
        }

        await _disposing.CancelAsync();
        if (starting is not null)
        {
            await starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (Volatile.Read(ref _session) is { } session)
        {
            await session.StopAsync("the upstream is not needed any more", wanted: true);
        }

        _disposing.Dispose();
    }

    private async ValueTask<UpstreamOpening> OpenSlowlyAsync(CancellationToken cancellationToken)
    {
        Task<UpstreamOpening> starting;
        lock (_gate)
        {
            if (_disposed)
            {
                return Failed(Unavailable("is not in use any more", null));
            }

            if (_session is { IsUsable: true })
            {
                return new UpstreamOpening(_session, null);
            }

            if (_starting is null && _backoff.Remaining is { } pause)
            {
                return Failed(Unavailable("failed a moment ago and is given a pause", _lastError?.Detail) with { RetryAfter = pause });
            }

            // One attempt for everybody, which nobody's cancellation ends.
            starting = _starting ??= Task.Run(StartAsync, CancellationToken.None);
        }

        return await starting.WaitAsync(cancellationToken);
    }

    private async Task<UpstreamOpening> StartAsync()
    {
        UpstreamOpening opening;
        var isRestart = _wasReady;
        try
        {
            opening = await AttemptAsync(_era);
        }
        catch (Exception fault)
        {
            logger.ProcessStartFaulted(config.Key, fault);
            opening = Failed(new GatewayError(ErrorKind.Internal, $"Upstream '{config.Key}' could not be started."));
        }

        opening = Publish(opening);
        if (opening.Session is not null && isRestart)
        {
            events.ListChanged(config.Id, McpMethod.Unknown);
        }

        return opening;
    }

    private UpstreamOpening Publish(UpstreamOpening opening)
    {
        lock (_gate)
        {
            _starting = null;
            if (opening.Session is StdioSession { IsUsable: true } session)
            {
                _session = session;
                _lastError = null;
                _wasReady = true;
                _readyAt = time.GetTimestamp();
                _era = session.Peer.Revision.IsModern ? StdioEra.Modern : StdioEra.Legacy;
                _idleTimer = time.CreateTimer(_ => CheckIdle(session), null, _timings.Idle, Timeout.InfiniteTimeSpan);
                logger.ProcessReady(config.Key, session.ProcessId, session.Peer.Revision);
                return opening;
            }

            var error = opening.Error ?? ((StdioSession)opening.Session!).Gone();
            _lastError = error;
            if (error.Kind != ErrorKind.Saturated && !_disposed)
            {
                _era = StdioEra.Unknown;
                _backoff.Lost(TimeSpan.Zero);
                logger.ProcessDoesNotStart(config.Key, error.Detail ?? error.Message);
            }

            return Failed(error);
        }
    }

    private async Task<UpstreamOpening> AttemptAsync(StdioEra era)
    {
        var (opening, exitedDuringProbe) = await LaunchAsync(era);
        return exitedDuringProbe ? (await LaunchAsync(StdioEra.Legacy)).Opening : opening;
    }

    private async Task<(UpstreamOpening Opening, bool ExitedDuringProbe)> LaunchAsync(StdioEra era)
    {
        if (!slots.TryTake())
        {
            return (Failed(NoSlot()), false);
        }

        var start = await ChildProcess.StartAsync(config.Command!);
        if (start.Process is not { } child)
        {
            slots.Return();
            return (Failed(Unavailable("cannot be started", start.Error)), false);
        }

        await guard.AddAsync(child.Id);
        logger.ProcessStarted(config.Key, config.Command!.FileName, child.Id);
        var session = new StdioSession(config, child, slots, guard, events, _errors, _timings, time, logger);
        session.Start(OnClosing);
        var greeting = await new StdioHandshake(config, session, _timings, time, logger).RunAsync(era, _disposing.Token);
        if (greeting.Peer is not null)
        {
            session.Peer = greeting.Peer;
            return (new UpstreamOpening(session, null), false);
        }

        await session.StopAsync("its handshake failed", wanted: true);
        return (Failed(greeting.Error!), greeting.ExitedDuringProbe);
    }

    /// <summary>Called by the session before its calls fail, so that their callers' next attempt meets the pause already.</summary>
    private void OnClosing(StdioSession session, bool wanted)
    {
        lock (_gate)
        {
            if (_session != session)
            {
                return;
            }

            _session = null;
            _idleTimer?.Dispose();
            if (!wanted)
            {
                _lastError = session.Gone();
                _backoff.Lost(time.GetElapsedTime(_readyAt));
            }
        }
    }

    private void CheckIdle(StdioSession session)
    {
        if (session.StopWhenIdle() is { } rest)
        {
            lock (_gate)
            {
                if (_session == session)
                {
                    _idleTimer?.Change(rest, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    private GatewayError NoSlot() =>
        new(ErrorKind.Saturated, $"Upstream '{config.Key}' cannot be started: the gateway runs as many processes as it may.")
        {
            Detail = $"{slots.Limit} processes are allowed at once (setting MaxProcesses)",
            Retry = RetryHint.NothingSent,
        };

    private GatewayError Unavailable(string what, string? detail) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{config.Key}' {what}.") { Detail = detail, Retry = RetryHint.NothingSent };

    private static UpstreamOpening Failed(GatewayError error) => new(null, error);
}
