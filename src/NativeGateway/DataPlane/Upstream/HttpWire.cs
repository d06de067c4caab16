using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>A response whose head arrived, or why there is none. Exactly one of the two is set.</summary>
internal readonly record struct HttpSent(HttpResponseMessage? Response, GatewayError? Error);

/// <summary>A cancellation that came before anything of the request was sent.</summary>
internal sealed class UnsentException(CancellationToken cancellationToken) : OperationCanceledException(cancellationToken);

/// <summary>
/// One endpoint as an HTTP peer: builds requests with exactly the headers that MCP and the configuration ask for, sends them, and turns what
/// goes wrong on the way into errors. Nothing that a client sent as a header ever gets here. Safe for many threads.
/// </summary>
internal sealed class HttpWire
{
    /// <summary>Under way at once.</summary>
    private const int MaxAnswers = 16;

    private static readonly string[] MethodTexts =
        [.. Enum.GetValues<McpMethod>().Select(method => Encoding.ASCII.GetString(McpMethods.Text(method)))];

    private readonly HttpMessageInvoker _invoker;
    private readonly KeyValuePair<string, string>[] _headers;
    private readonly bool _isTls;
    private volatile string? _lastFailure;
    private int _answers;

    /// <param name="health">Of the endpoint; shared by all wires that lead there.</param>
    public HttpWire(
        UpstreamConfig config, Uri url, EndpointHealth health, IUpstreamEvents events, HttpMessageInvoker invoker, TimeProvider time, ILogger logger)
    {
        _invoker = invoker;
        _isTls = url.Scheme == Uri.UriSchemeHttps;
        _headers = ConfiguredHeaders.Of(config, url);
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
            ? new HttpWire(Config, target, Health, Events, _invoker, Time, Logger)
            : null;
    }

    public async ValueTask<HttpSent> PostAsync(HttpSessionHead head, UpstreamRequest request, CancellationToken cancellationToken)
    {
        using var message = Create(HttpMethod.Post, head);
        message.Content = new RpcContent(request.Message);
        if (head.IsModern)
        {
            AddMirrored(message, request);
        }

        AddIfPlain(message, "traceparent", request.TraceParent);
        return await SendAsync(message, cancellationToken);
    }

    /// <summary>Sends a notification or a response.</summary>
    public async ValueTask<HttpSent> PostAsync(HttpSessionHead head, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var message = Create(HttpMethod.Post, head);
        message.Content = new RpcContent(bytes);
        if (head.IsModern && RpcReader.Read(bytes.Span, out var parts) == RpcFault.None && parts.MethodCode != McpMethod.Unknown)
        {
            message.Headers.TryAddWithoutValidation("Mcp-Method", MethodTexts[(int)parts.MethodCode]);
        }

        return await SendAsync(message, cancellationToken);
    }

    /// <summary>Opens the stream of a legacy session, or takes a broken one up again.</summary>
    public async ValueTask<HttpSent> GetAsync(HttpSessionHead head, string? lastEventId, CancellationToken cancellationToken)
    {
        using var message = Create(HttpMethod.Get, head);
        if (lastEventId is not null)
        {
            message.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        return await SendAsync(message, cancellationToken);
    }

    public async ValueTask<HttpSent> DeleteAsync(HttpSessionHead head, CancellationToken cancellationToken)
    {
        using var message = Create(HttpMethod.Delete, head);
        return await SendAsync(message, cancellationToken);
    }

    /// <summary>Asks whether somebody is there; means nothing to MCP, so that it leaves nothing behind.</summary>
    public async ValueTask<HttpSent> OptionsAsync(CancellationToken cancellationToken)
    {
        using var message = Create(HttpMethod.Options, HttpSessionHead.None);
        return await SendAsync(message, cancellationToken);
    }

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

    private HttpRequestMessage Create(HttpMethod method, HttpSessionHead head)
    {
        var message = new HttpRequestMessage(method, Url)
        {
            Version = _isTls ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        var accept = method == HttpMethod.Get ? "text/event-stream" : "application/json, text/event-stream";
        message.Headers.TryAddWithoutValidation("Accept", accept);
        if (head.Revision is { HasVersionHeader: true } revision)
        {
            message.Headers.TryAddWithoutValidation("MCP-Protocol-Version", revision.Text);
        }

        if (head.SessionId is { } sessionId)
        {
            message.Headers.TryAddWithoutValidation("MCP-Session-Id", sessionId);
        }

        foreach (var (name, value) in _headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    private static void AddMirrored(HttpRequestMessage message, UpstreamRequest request)
    {
        var method = request.MethodText.IsEmpty ? MethodTexts[(int)request.Method] : Encoding.UTF8.GetString(request.MethodText.Span);
        AddIfPlain(message, "Mcp-Method", method);
        if (!request.MirroredName.IsEmpty)
        {
            message.Headers.TryAddWithoutValidation("Mcp-Name", MirroredHeader.Encode(Encoding.UTF8.GetString(request.MirroredName.Span)));
        }

        foreach (var (name, value) in request.MirroredParameters ?? [])
        {
            AddIfPlain(message, name, value);
        }
    }

    /// <summary>
    /// Some values come from clients. One that no header can hold would fail the request as if the endpoint could not be reached, and five of
    /// those would open the circuit for everybody.
    /// </summary>
    private static void AddIfPlain(HttpRequestMessage message, string name, string? value)
    {
        if (value is not null && value.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private async ValueTask<HttpSent> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        var pass = Circuit.TryEnter();
        if (!pass.IsAdmitted)
        {
            return new HttpSent(null, CircuitOpen(pass.RetryAfter));
        }

        try
        {
            var response = await _invoker.SendAsync(message, cancellationToken);
            if (Circuit.Succeeded())
            {
                Logger.CircuitClosed(Key, Place);
            }

            return new HttpSent(response, null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Circuit.Abandoned(pass);
            if (message.Content is RpcContent { WasStarted: false })
            {
                throw new UnsentException(cancellationToken);
            }

            throw;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            var error = HttpFailures.Transport(Key, fault, nothingSent: message.Content is RpcContent { WasStarted: false });
            Count(pass, error);
            return new HttpSent(null, error);
        }
        catch
        {
            Circuit.Abandoned(pass);
            throw;
        }
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
