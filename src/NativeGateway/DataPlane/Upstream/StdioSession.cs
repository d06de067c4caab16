using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The life of one child process as a session: owned by <see cref="StdioUpstream"/>, used by many exchanges at once. It ends once, by itself or
/// on demand; then its calls have failed, its whole process group is dead, and <see cref="Ended"/> is complete.
/// </summary>
internal sealed class StdioSession : IUpstreamSession
{
    private readonly UpstreamConfig _config;
    private readonly ChildProcess _child;
    private readonly ProcessSlots _slots;
    private readonly OrphanGuard _guard;
    private readonly StderrLog _errors;
    private readonly StdioTimings _timings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly UpstreamIds _ids = new();
    private readonly PendingCalls _calls = new();
    private readonly StdioWriter _writer;
    private readonly StdioReader _reader;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<StdioSession, bool>? _closing;
    private UpstreamPeer? _peer;
    private GatewayError? _gone;
    private long _lastUsed;
    private volatile bool _isSubscribedTo;

    /// <param name="slots">Where the process's slot goes when nothing is left of it; <paramref name="guard"/> is told then, too.</param>
    public StdioSession(
        UpstreamConfig config,
        ChildProcess child,
        ProcessSlots slots,
        OrphanGuard guard,
        IUpstreamEvents events,
        StderrLog errors,
        StdioTimings timings,
        TimeProvider time,
        ILogger logger)
    {
        _config = config;
        _child = child;
        _slots = slots;
        _guard = guard;
        _errors = errors;
        _timings = timings;
        _time = time;
        _logger = logger;
        _lastUsed = time.GetTimestamp();
        _writer = new StdioWriter(child.Input, this, timings.Write, time);
        // A process is shared by clients, and was told that none of them can be asked for anything.
        var router = new CallRouter(config, _calls, events, canAsk: false, message => _writer.Write(OutgoingLine.Of(message)), logger);
        _reader = new StdioReader(config, child.Output, router, logger);
    }

    public int ProcessId => _child.Id;

    /// <summary>Set by the handshake, before anybody else gets to see the session.</summary>
    public UpstreamPeer Peer
    {
        get => _peer ?? throw new InvalidOperationException("The handshake is not done.");
        set => _peer = value;
    }

    public bool IsUsable => Volatile.Read(ref _gone) is null;

    /// <summary>Completes when nothing of the process is left.</summary>
    public Task Ended => _ended.Task;

    /// <param name="closing">Called once, as soon as the session is of no more use and before its calls fail; true when it was stopped on purpose.</param>
    public void Start(Action<StdioSession, bool> closing)
    {
        _closing = closing;
        _ = RunAsync();
    }

    /// <summary>Keeps the session from being idle. False when it has ended.</summary>
    public bool TryTouch()
    {
        Volatile.Write(ref _lastUsed, _time.GetTimestamp());
        return IsUsable;
    }

    public int NextId(Span<byte> destination) => _ids.Next(destination);

    public async ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var id = ReadNumber(request.Id) ?? throw new ArgumentException("The id was not minted by this session.", nameof(request));
        var call = new StdioCall(this, id, ReadNumber(request.ProgressToken), request.Method);
        if (!_calls.TryAdd(call))
        {
            return new UpstreamSending(null, Gone());
        }

        _isSubscribedTo |= request.Method == McpMethod.ResourcesSubscribe;
        call.Line = OutgoingLine.Of(request.Message, call);
        var error = _writer.Write(call.Line);
        try
        {
            error ??= await call.BegunAsync(cancellationToken);
        }
        catch
        {
            await call.DisposeAsync();
            throw;
        }

        if (error is null)
        {
            return new UpstreamSending(call, null);
        }

        await call.DisposeAsync();
        return new UpstreamSending(null, error);
    }

    public ValueTask<GatewayError?> PostAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_writer.Write(OutgoingLine.Of(message.Span)));

    /// <summary>Ends the session. <paramref name="wanted"/> is false when the process left no other choice.</summary>
    public async Task StopAsync(string reason, bool wanted)
    {
        if (Close(reason, wanted))
        {
            _logger.ProcessStopped(_config.Key, _child.Id, reason);
        }

        await _child.StopAsync(_timings.StopGrace, _time);
        await Ended;
    }

    /// <summary>Stops the process when it has been idle for long enough; otherwise says how long it still may be.</summary>
    public TimeSpan? StopWhenIdle()
    {
        var rest = _timings.Idle - _time.GetElapsedTime(Volatile.Read(ref _lastUsed));
        if (rest > TimeSpan.Zero)
        {
            return rest;
        }

        // Subscriptions die with the process, and a process that waits for something to tell only looks idle.
        if (_isSubscribedTo || !_calls.TryCloseEmpty())
        {
            return _timings.Idle;
        }

        _ = StopAsync("it was idle", wanted: true);
        return null;
    }

    /// <summary>A call's reader is done with it. If it was not answered, its request is taken back, or a modern process told so.</summary>
    public void Leave(StdioCall call)
    {
        Volatile.Write(ref _lastUsed, _time.GetTimestamp());
        if (call.Dropped > 0)
        {
            _logger.NotificationsDropped(_config.Key, call.Dropped);
        }

        if (!_calls.TryTake(call.Id, out _) || call.Line is not { } line)
        {
            return;
        }

        if (!line.Withdraw() && _peer is { Revision.IsModern: true })
        {
            // On a shared pipe there is no stream to close (2026-07-28, basic/utilities/cancellation).
            var message = $$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{call.Id}}}}}""";
            _writer.Write(OutgoingLine.Of(System.Text.Encoding.UTF8.GetBytes(message)));
        }

        StopIfUseless();
    }

    /// <summary>From the writer: this request was not sent, or not wholly, and nobody shall wait for it any longer.</summary>
    public void Refuse(StdioCall call, GatewayError error)
    {
        _calls.TryTake(call.Id, out _);
        call.Fail(error);
        StopIfUseless();
    }

    public void InputStopped() => _logger.ProcessDoesNotRead(_config.Key, _child.Id);

    public void InputMoves() => _logger.ProcessReadsAgain(_config.Key, _child.Id);

    /// <summary>Mostly because the process is dying; then the reading loop tells how. What is queued fails with the session.</summary>
    public void InputBroke() => _ = EndWithoutInputAsync();

    public GatewayError Gone() => Volatile.Read(ref _gone) ?? Unavailable("is being stopped", null) with { Retry = RetryHint.NothingSent };

    public GatewayError DoesNotRead() =>
        new(ErrorKind.Saturated, $"Upstream '{_config.Key}' does not take any more requests at the moment.")
        {
            Detail = $"process {_child.Id} does not read its stdin",
            Retry = RetryHint.NothingSent,
        };

    private async Task RunAsync()
    {
        using var lastWords = new CancellationTokenSource();
        var errors = _errors.RunAsync(_child.Errors, lastWords.Token);
        try
        {
            await _reader.RunAsync();
            var exited = await CompletesSoonAsync(_child.Exited);
            await CompletesSoonAsync(errors);
            if (Close(exited ? $"it exited with code {await _child.Exited}" : "it closed its stdout", wanted: false))
            {
                _logger.ProcessLost(_config.Key, _child.Id, _gone!.Detail!);
            }
        }
        catch (Exception fault)
        {
            _logger.ProcessLoopFailed(_config.Key, _child.Id, fault);
            Close("its reading loop failed", wanted: false);
        }

        await _child.StopAsync(_timings.StopGrace, _time);
        await lastWords.CancelAsync();
        await errors;
        await _child.DisposeAsync();
        await _guard.RemoveAsync(_child.Id);
        _slots.Return();
        _ended.SetResult();
    }

    private async Task EndWithoutInputAsync()
    {
        if (!await CompletesSoonAsync(_child.Exited) && IsUsable)
        {
            await StopAsync("it closed its stdin", wanted: false);
        }
    }

    /// <summary>True for the first to say why.</summary>
    private bool Close(string reason, bool wanted)
    {
        var lastLine = _errors.Tail is [.., var last] ? $"; its last line on stderr: {last}" : "";
        var gone = wanted
            ? Unavailable("was stopped before it answered", reason)
            : Unavailable("exited before it answered", reason + lastLine);
        if (Interlocked.CompareExchange(ref _gone, gone with { Retry = RetryHint.NothingSent }, null) is not null)
        {
            return false;
        }

        _closing?.Invoke(this, wanted);
        _writer.Close();
        _calls.Close(gone);
        return true;
    }

    private void StopIfUseless()
    {
        // A process that is stuck may still be at work on earlier calls; when nobody waits for those any more, it is only in the way.
        if (_writer.IsStuck && IsUsable && _calls.TryCloseEmpty())
        {
            _ = StopAsync("it does not read its stdin", wanted: false);
        }
    }

    private async Task<bool> CompletesSoonAsync(Task task)
    {
        try
        {
            await task.WaitAsync(_timings.LastWords, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private GatewayError Unavailable(string what, string? detail) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{_config.Key}' {what}.") { Detail = detail };

    private static long? ReadNumber(ReadOnlyMemory<byte> digits) => CallRouter.ReadNumber(digits.Span);
}
