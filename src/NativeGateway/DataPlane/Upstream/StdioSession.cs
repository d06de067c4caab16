using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The life of one child process as a session: owned by <see cref="StdioProgram"/>, used by many exchanges at once. It ends once, by itself or
/// on demand; then its calls have failed, its whole process group is dead, and <see cref="Ended"/> is complete.
/// </summary>
internal sealed class StdioSession : IUpstreamSession
{
    private readonly StdioParts _parts;
    private readonly ChildProcess _child;
    private readonly UpstreamIds _ids = new();
    private readonly PendingCalls _calls;
    private readonly StdioWriter _writer;
    private readonly StdioReader _reader;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<StdioSession, bool>? _closing;
    private UpstreamPeer? _peer;
    private GatewayError? _gone;
    private long _lastUsed;
    private volatile bool _isSubscribedTo;

    public StdioSession(StdioParts parts, ChildProcess child, ClientCapabilities capabilities)
    {
        _parts = parts;
        _child = child;
        Capabilities = capabilities;
        _calls = new PendingCalls(parts.Time);
        _lastUsed = parts.Time.GetTimestamp();
        _writer = new StdioWriter(child.Input, this, parts.Timings.Write, parts.Time);
        Listening = new StdioListening(this, parts);
        var canAsk = capabilities != ClientCapabilities.None;
        var router = new CallRouter(parts.Config, _calls, parts.Events, canAsk, message => _writer.Write(OutgoingLine.Of(message)), parts.Logger)
        {
            TakeUnclaimed = Listening.TryEnd,
        };
        _reader = new StdioReader(parts.Config, child.Output, router, parts.Logger);
    }

    /// <summary>What a legacy process was told that it may ask for.</summary>
    public ClientCapabilities Capabilities { get; }

    /// <summary>Of a modern process.</summary>
    public StdioListening Listening { get; }

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
        Volatile.Write(ref _lastUsed, _parts.Time.GetTimestamp());
        return IsUsable;
    }

    public int NextId(Span<byte> destination) => _ids.Next(destination);

    public async ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        request.GoTo(_parts.Health.Index);
        var id = ReadNumber(request.Id) ?? throw new ArgumentException("The id was not minted by this session.", nameof(request));
        var stay = request.Method == McpMethod.SubscriptionsListen ? default : _parts.Health.Enter(request.IsHandshake);
        var call = new StdioCall(this, id, ReadNumber(request.ProgressToken), request.Method) { Stay = stay, IsProbe = request.IsProbe };
        if (!_calls.TryAdd(call))
        {
            call.Stay.Leave();
            return new UpstreamSending(null, Gone());
        }

        _isSubscribedTo |= request.Method == McpMethod.ResourcesSubscribe;
        var trace = TraceContext.Read(request.TraceParent, request.TraceState);
        call.Line = OutgoingLine.Of(trace is { } context ? context.AddTo(request.Message) : request.Message, call);
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
            _parts.Logger.ProcessStopped(_parts.Config.Key, _child.Id, reason);
        }

        await _child.StopAsync(_parts.Timings.StopGrace, _parts.Time);
        await Ended;
    }

    /// <summary>Stops the process when it has been idle for long enough; otherwise says how long it still may be.</summary>
    public TimeSpan? StopWhenIdle()
    {
        var rest = _parts.Timings.Idle - _parts.Time.GetElapsedTime(Volatile.Read(ref _lastUsed));
        if (rest > TimeSpan.Zero)
        {
            return rest;
        }

        // Subscriptions die with the process, and a process that waits for something to tell only looks idle.
        if (_isSubscribedTo || !_calls.TryCloseEmpty())
        {
            return _parts.Timings.Idle;
        }

        _ = StopAsync("it was idle", wanted: true);
        return null;
    }

    /// <summary>A call's reader is done with it. If it was not answered, its request is taken back, or a modern process told so.</summary>
    public void Leave(StdioCall call)
    {
        if (!call.IsProbe)
        {
            Volatile.Write(ref _lastUsed, _parts.Time.GetTimestamp());
        }

        if (call.Dropped > 0)
        {
            _parts.Logger.NotificationsDropped(_parts.Config.Key, call.Dropped);
        }

        var isOpen = call.Line is { } line && !line.Withdraw() ? LeaveSent(call.Id) : _calls.TryTake(call.Id, out _);
        call.EndStay(isOpen, IsUsable, _parts.Config.Timeout);
        StopIfUseless();
    }

    /// <summary>From the writer: this request was not sent, or not wholly, and nobody shall wait for it any longer.</summary>
    public void Refuse(StdioCall call, GatewayError error, bool wasBegun)
    {
        _ = wasBegun ? _calls.TryLeave(call.Id) : _calls.TryTake(call.Id, out _);
        call.Stay.Leave();
        call.Fail(error);
        StopIfUseless();
    }

    public void InputStopped() => _parts.Logger.ProcessDoesNotRead(_parts.Config.Key, _child.Id);

    public void InputMoves() => _parts.Logger.ProcessReadsAgain(_parts.Config.Key, _child.Id);

    /// <summary>Mostly because the process is dying; then the reading loop tells how. What is queued fails with the session.</summary>
    public void InputBroke() => _ = EndWithoutInputAsync();

    public GatewayError Gone() => Volatile.Read(ref _gone) ?? Unavailable("is being stopped", null) with { Retry = RetryHint.NothingSent };

    public GatewayError DoesNotRead() =>
        new(ErrorKind.Saturated, $"Upstream '{_parts.Config.Key}' does not take any more requests at the moment.")
        {
            Detail = $"process {_child.Id} does not read its stdin",
            Retry = RetryHint.NothingSent,
        };

    /// <summary>True when it was not answered.</summary>
    private bool LeaveSent(long id)
    {
        var isOpen = _calls.TryLeave(id);
        if (isOpen && _peer is { Revision.IsModern: true })
        {
            // On a shared pipe there is no stream to close (2026-07-28, basic/utilities/cancellation).
            var message = $$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}}}}""";
            _writer.Write(OutgoingLine.Of(System.Text.Encoding.UTF8.GetBytes(message)));
        }

        return isOpen;
    }

    private async Task RunAsync()
    {
        using var lastWords = new CancellationTokenSource();
        var errors = _parts.Errors.RunAsync(_child.Errors, lastWords.Token);
        try
        {
            await _reader.RunAsync();
            var exited = await CompletesSoonAsync(_child.Exited);
            await CompletesSoonAsync(errors);
            if (Close(exited ? $"it exited with code {await _child.Exited}" : "it closed its stdout", wanted: false))
            {
                _parts.Logger.ProcessLost(_parts.Config.Key, _child.Id, _gone!.Detail!);
            }
        }
        catch (Exception fault)
        {
            _parts.Logger.ProcessLoopFailed(_parts.Config.Key, _child.Id, fault);
            Close("its reading loop failed", wanted: false);
        }

        await _child.StopAsync(_parts.Timings.StopGrace, _parts.Time);
        await lastWords.CancelAsync();
        await errors;
        await _child.DisposeAsync();
        await _parts.Guard.RemoveAsync(_child.Id);
        _parts.Slots.Return();
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
        var lastLine = _parts.Errors.Tail is [.., var last] ? $"; its last line on stderr: {last}" : "";
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
            await task.WaitAsync(_parts.Timings.LastWords, _parts.Time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private GatewayError Unavailable(string what, string? detail) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{_parts.Config.Key}' {what}.") { Detail = detail };

    private static long? ReadNumber(ReadOnlyMemory<byte> digits) => CallRouter.ReadNumber(digits.Span);
}
