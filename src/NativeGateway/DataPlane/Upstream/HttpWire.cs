using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>A response whose head arrived, or why there is none. Exactly one of the two is set.</summary>
internal readonly record struct HttpSent(IWireResponse? Response, GatewayError? Error);

/// <summary>A cancellation that came before anything of the request was sent.</summary>
internal sealed class UnsentException(CancellationToken cancellationToken) : OperationCanceledException(cancellationToken);

/// <summary>
/// One endpoint as an HTTP peer: sends requests, over a connection of the caller's event loop where there is one and else by the shared client,
/// and turns what goes wrong on the way into errors. Safe for many threads.
/// </summary>
internal sealed class HttpWire
{
    /// <summary>Under way at once.</summary>
    private const int MaxAnswers = 16;

    private readonly HttpUpstreamClient _shared;
    private readonly ClientSender _client;
    private readonly LoopSender? _loop;
    private volatile string? _lastFailure;
    private int _answers;

    /// <param name="health">Of the endpoint; shared by all wires that lead there.</param>
    public HttpWire(
        UpstreamConfig config, Uri url, EndpointHealth health, IUpstreamEvents events, HttpUpstreamClient client, TimeProvider time, ILogger logger)
    {
        var headers = new WireHeaders(config, url);
        _shared = client;
        _client = new ClientSender(url, headers, client.Invoker);
        _loop = LoopSender.TryCreate(url, headers, client.IsGuarded);
        Config = config;
        Url = url;
        Health = health;
        Events = events;
        Time = time;
        Logger = logger;
    }

    public UpstreamConfig Config { get; }

    public IUpstreamEvents Events { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public EndpointHealth Health { get; }

    public CircuitBreaker Circuit => Health.Circuit;

    public string Key => Config.Key;

    /// <summary>For the operator's log.</summary>
    public string Place => Url.Authority;

    private Uri Url { get; }

    /// <summary>
    /// The same peer under another address of its own. Null when the reference leads to another origin: what the gateway sends there would be
    /// for somebody else's eyes.
    /// </summary>
    public HttpWire? At(string reference)
    {
        return Uri.TryCreate(Url, reference, out var target)
            && target.Scheme == Url.Scheme && target.IdnHost == Url.IdnHost && target.Port == Url.Port && target.UserInfo == Url.UserInfo
            ? new HttpWire(Config, target, Health, Events, _shared, Time, Logger)
            : null;
    }

    public ValueTask<HttpSent> PostAsync(HttpSessionHead head, UpstreamRequest request, CancellationToken cancellationToken) =>
        SendAsync(WireRequest.Of(head, request), cancellationToken);

    /// <summary>Sends a notification or a response.</summary>
    public ValueTask<HttpSent> PostAsync(HttpSessionHead head, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        SendAsync(new WireRequest(head, bytes), cancellationToken);

    /// <summary>Opens the stream of a legacy session, or takes a broken one up again.</summary>
    public ValueTask<HttpSent> GetAsync(HttpSessionHead head, string? lastEventId, CancellationToken cancellationToken) =>
        SendAsync(new WireRequest(HttpMethod.Get, head) { LastEventId = lastEventId }, cancellationToken);

    public ValueTask<HttpSent> DeleteAsync(HttpSessionHead head, CancellationToken cancellationToken) =>
        SendAsync(new WireRequest(HttpMethod.Delete, head), cancellationToken);

    /// <summary>Asks whether somebody is there; means nothing to MCP, so that it leaves nothing behind.</summary>
    public ValueTask<HttpSent> OptionsAsync(CancellationToken cancellationToken) =>
        SendAsync(new WireRequest(HttpMethod.Options, HttpSessionHead.None), cancellationToken);

    /// <summary>An opening's time was over before a connection was there: the endpoint is as unreachable as one that refuses.</summary>
    public GatewayError Unreachable()
    {
        var error = HttpFailures.Transport(Key, new TimeoutException(), nothingSent: true);
        if (Circuit.TryEnter() is { IsAdmitted: true } pass)
        {
            Count(pass, error);
        }

        return error;
    }

    public GatewayError CircuitOpen(TimeSpan retryAfter) => HttpFailures.CircuitOpen(Key, _lastFailure, retryAfter);

    /// <summary>Answers a request of the upstream without letting anybody wait for it. Best effort, and bounded: upstreams may ask a lot.</summary>
    public async Task AnswerAsync(HttpSessionHead head, ReadOnlyMemory<byte> message)
    {
        if (Interlocked.Increment(ref _answers) > MaxAnswers)
        {
            Interlocked.Decrement(ref _answers);
            return;
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), Time);
        try
        {
            (await PostAsync(head, message, limit.Token)).Response?.Dispose();
        }
        catch (OperationCanceledException)
        {
            // Then it does not get an answer.
        }
        finally
        {
            Interlocked.Decrement(ref _answers);
        }
    }

    /// <summary>Hands on what an upstream says about its lists and resources, on whichever stream it says so. False for anything else.</summary>
    public bool TakeEvent(ReadOnlyMemory<byte> bytes, in RpcMessage message)
    {
        switch (message.MethodCode)
        {
            case McpMethod.NotifyToolsListChanged or McpMethod.NotifyPromptsListChanged or McpMethod.NotifyResourcesListChanged:
                Events.ListChanged(Config.Id, message.MethodCode);
                return true;
            case McpMethod.NotifyResourceUpdated:
                Events.ResourceUpdated(Config.Id, bytes);
                return true;
            default:
                return false;
        }
    }

    private ValueTask<HttpSent> SendAsync(WireRequest request, CancellationToken cancellationToken)
    {
        var pass = Circuit.TryEnter();
        if (!pass.IsAdmitted)
        {
            return new(new HttpSent(null, CircuitOpen(pass.RetryAfter)));
        }

        if (EventLoop.Current is not { } loop || !request.HasBody || _loop is not { } sender)
        {
            return SendByClientAsync(request, pass, cancellationToken);
        }

        var pool = sender.PoolOf(loop, this);
        return sender.TryStart(pool, request) is { } started
            ? started.AnswerAsync(request, pass, cancellationToken)
            : ConnectAndSendAsync(sender, pool, request, pass, cancellationToken);
    }

    private async ValueTask<HttpSent> SendByClientAsync(WireRequest request, CircuitPass pass, CancellationToken cancellationToken)
    {
        try
        {
            return Succeeded(await _client.SendAsync(request, cancellationToken));
        }
        catch (Exception fault)
        {
            return Failed(pass, request, fault, cancellationToken);
        }
    }

    private async ValueTask<HttpSent> ConnectAndSendAsync(
        LoopSender sender, LoopPool pool, WireRequest request, CircuitPass pass, CancellationToken cancellationToken)
    {
        LoopConnection started;
        try
        {
            started = await sender.StartAsync(pool, request, cancellationToken);
        }
        catch (Exception fault)
        {
            return Failed(pass, request, fault, cancellationToken);
        }

        return await started.AnswerAsync(request, pass, cancellationToken);
    }

    public HttpSent Succeeded(IWireResponse response)
    {
        if (Circuit.Succeeded())
        {
            Logger.CircuitClosed(Key, Place);
        }

        return new HttpSent(response, null);
    }

    /// <summary>Accounts for what went wrong with a request. Throws it again when it is a cancellation or a bug.</summary>
    public HttpSent Failed(CircuitPass pass, WireRequest request, Exception fault, CancellationToken cancellationToken)
    {
        var isCancelled = fault is OperationCanceledException && cancellationToken.IsCancellationRequested;
        var isUnsent = request is { HasBody: true, WasStarted: false };
        if (!isCancelled && fault is HttpRequestException or IOException or OperationCanceledException)
        {
            var error = HttpFailures.Transport(Key, fault, isUnsent);
            Count(pass, error);
            return new HttpSent(null, error);
        }

        Circuit.Abandoned(pass);
        if (isCancelled && isUnsent)
        {
            throw new UnsentException(cancellationToken);
        }

        ExceptionDispatchInfo.Throw(fault);
        return default;
    }

    private void Count(CircuitPass failed, GatewayError error)
    {
        _lastFailure = error.Detail;
        var isOpen = Circuit.Failed(failed);
        if (isOpen)
        {
            Logger.CircuitOpened(Key, Place, Circuit.OpenFor.TotalSeconds, error.Detail);
        }

        Health.Unreachable(error.Detail, isOpen);
    }
}
