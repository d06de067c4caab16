using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>What every child process of one stdio upstream needs.</summary>
internal sealed record StdioParts(
    UpstreamConfig Config,
    ProcessSlots Slots,
    OrphanGuard Guard,
    EndpointHealth Health,
    IUpstreamEvents Events,
    StderrLog Errors,
    StdioTimings Timings,
    TimeProvider Time,
    ILogger Logger);

/// <summary>
/// A stdio upstream's program as it runs for one set of client capabilities, as one child process at a time: started when first needed, shared by
/// all exchanges of such clients, restarted after a crash, stopped when idle. Any thread.
/// </summary>
/// <param name="capabilities">What a legacy program is told that it may ask for.</param>
/// <param name="era">Known already from another process of the same program, or not.</param>
internal sealed class StdioProgram(StdioParts parts, ClientCapabilities capabilities, StdioEra era) : IAsyncDisposable
{
    private readonly RestartBackoff _backoff = parts.Timings.CreateBackoff(parts.Time);
    private readonly CancellationTokenSource _disposing = new();
    private readonly Lock _gate = new();
    private StdioSession? _session;
    private Task<UpstreamOpening>? _starting;
    private GatewayError? _lastError;
    private StdioEra _era = era;
    private ITimer? _idleTimer;
    private long _readyAt;
    private bool _wasReady;
    private bool _disposed;

    /// <summary>Of the running process, or null.</summary>
    public StdioSession? Session => Volatile.Read(ref _session);

    public ValueTask<UpstreamOpening> OpenAsync(CancellationToken cancellationToken)
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
            parts.Logger.ProcessStartFaulted(parts.Config.Key, fault);
            opening = Failed(new GatewayError(ErrorKind.Internal, $"Upstream '{parts.Config.Key}' could not be started."));
        }

        opening = Publish(opening);
        if (opening.Session is not null && isRestart && capabilities == ClientCapabilities.None)
        {
            // Lists are read in this process, and what it said of them while it was not there was said to nobody.
            parts.Events.ListChanged(parts.Config.Id, McpMethod.Unknown);
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
                parts.Health.Answered();
                _wasReady = true;
                _readyAt = parts.Time.GetTimestamp();
                _era = session.Peer.Revision.IsModern ? StdioEra.Modern : StdioEra.Legacy;
                _idleTimer = parts.Time.CreateTimer(_ => CheckIdle(session), null, parts.Timings.Idle, Timeout.InfiniteTimeSpan);
                parts.Logger.ProcessReady(parts.Config.Key, session.ProcessId, session.Peer.Revision);
                return opening;
            }

            var error = opening.Error ?? ((StdioSession)opening.Session!).Gone();
            _lastError = error;
            if (error.Kind != ErrorKind.Saturated && !_disposed)
            {
                _era = StdioEra.Unknown;
                parts.Health.Unreachable(error.Detail ?? error.Message, isOpen: false);
                _backoff.Lost(TimeSpan.Zero);
                parts.Logger.ProcessDoesNotStart(parts.Config.Key, error.Detail ?? error.Message);
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
        if (!parts.Slots.TryTake())
        {
            return (Failed(NoSlot()), false);
        }

        var start = await ChildProcess.StartAsync(parts.Config.Command!);
        if (start.Process is not { } child)
        {
            parts.Slots.Return();
            return (Failed(Unavailable("cannot be started", start.Error)), false);
        }

        await parts.Guard.AddAsync(child.Id);
        parts.Logger.ProcessStarted(parts.Config.Key, parts.Config.Command!.FileName, child.Id);
        var session = new StdioSession(parts, child, capabilities);
        session.Start(OnClosing);
        var greeting = await new StdioHandshake(parts, session).RunAsync(era, _disposing.Token);
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
                parts.Health.Failed("the process ended");
                _backoff.Lost(parts.Time.GetElapsedTime(_readyAt));
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
        new(ErrorKind.Saturated, $"Upstream '{parts.Config.Key}' cannot be started: the gateway runs as many processes as it may.")
        {
            Detail = $"{parts.Slots.Limit} processes are allowed at once (setting MaxProcesses)",
            Retry = RetryHint.NothingSent,
        };

    private GatewayError Unavailable(string what, string? detail) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{parts.Config.Key}' {what}.") { Detail = detail, Retry = RetryHint.NothingSent };

    private static UpstreamOpening Failed(GatewayError error) => new(null, error);
}
