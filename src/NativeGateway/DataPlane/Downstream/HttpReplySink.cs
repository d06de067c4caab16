using System.Globalization;
using Microsoft.AspNetCore.Http;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// A reply over HTTP: one JSON body when the response comes first, an event stream from the moment another message precedes it. The status is
/// decided as late as that, because some errors must be told by it.
/// </summary>
internal sealed class HttpReplySink(HttpContext context, RequestHead head) : IReplySink, IDisposable
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private SseWriter? _stream;
    private ITimer? _keepAlive;

    public ReplyHeaders Headers { get; } = new();

    public bool CanStream => head.AcceptsEventStream;

    public async ValueTask SendAsync(MessageEditor message)
    {
        await BeginStream().WriteAsync(message).ConfigureAwait(false);
    }

    public async ValueTask CompleteAsync(int status, MessageEditor message)
    {
        if (_stream is not null || (!head.AcceptsJson && head.AcceptsEventStream && status == StatusCodes.Status200OK))
        {
            await BeginStream().WriteAsync(message).ConfigureAwait(false);
            return;
        }

        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = message.Length;
        ApplyHeaders();
        message.WriteTo(response.BodyWriter);
        await response.BodyWriter.FlushAsync().ConfigureAwait(false);
    }

    public ValueTask CompleteEmptyAsync(int status)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = status;
            context.Response.ContentLength = status == StatusCodes.Status202Accepted ? 0 : null;
            ApplyHeaders();
        }

        return ValueTask.CompletedTask;
    }

    public void Dispose() => _keepAlive?.Dispose();

    private SseWriter BeginStream()
    {
        if (_stream is null)
        {
            ApplyHeaders();
            _stream = SseWriter.Begin(context);
            _keepAlive = TimeProvider.System.CreateTimer(static stream => ((SseWriter)stream!).TryKeepAlive(), _stream, KeepAlive, KeepAlive);
        }

        return _stream;
    }

    private void ApplyHeaders()
    {
        var headers = context.Response.Headers;
        headers["X-Request-Id"] = head.RequestId;
        if (Headers.Limits is { Limit: > 0 } limits)
        {
            headers["X-RateLimit-Limit"] = Text(limits.Limit);
            headers["X-RateLimit-Remaining"] = Text(limits.Remaining);
            headers["X-RateLimit-Reset"] = Text(limits.ResetSeconds);
        }

        if (Headers.IssuedSessionId is { } sessionId)
        {
            headers["Mcp-Session-Id"] = sessionId;
        }

        if (Headers.RetryAfter is { } delay)
        {
            headers.RetryAfter = Text(Math.Max(1, (long)Math.Ceiling(delay.TotalSeconds)));
        }

        if (Headers.ChallengesCredentials)
        {
            headers.WWWAuthenticate = "Bearer realm=\"native-gateway\", error=\"invalid_token\"";
        }

        if (Headers.Allow is { } allow)
        {
            headers.Allow = allow;
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
