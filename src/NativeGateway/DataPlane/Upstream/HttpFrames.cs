using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>What came next in a response body.</summary>
internal enum HttpFrameKind : byte
{
    Message,

    /// <summary>Where an upstream of 2024-11-05 wants to be sent messages; only for who asked for it.</summary>
    Endpoint,

    /// <summary>The body ended as it should.</summary>
    End,

    /// <summary>The connection broke within the body.</summary>
    Broken,
    TooLarge,

    /// <summary>Neither JSON objects nor events.</summary>
    Garbage,
}

internal readonly record struct HttpFrame(HttpFrameKind Kind, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// The messages of one response body, cut but not read: events of <c>text/event-stream</c>, or the objects of <c>application/json</c> (one, or
/// several one after another). Owns the response. One reader at a time.
/// </summary>
internal sealed class HttpFrames : IAsyncDisposable
{
    /// <summary>Longest message that is taken from an upstream.</summary>
    public const int MaxMessage = 64 * 1024 * 1024;

    private const int MaxFirstBuffer = 256 * 1024;

    private IWireResponse _response;
    private readonly SseReader? _events;
    private readonly JsonFrameReader? _objects;
    private bool _ended;
    private bool _isDisposed;

    private HttpFrames(IWireResponse response, SseReader? events, JsonFrameReader? objects)
    {
        _response = response;
        _events = events;
        _objects = objects;
    }

    /// <summary>Events of the type <c>endpoint</c> are given as frames.</summary>
    public bool TakesEndpoint { get; init; }

    public bool IsEventStream => _events is not null;

    public string? LastEventId => _events?.LastEventId;

    public TimeSpan? Retry => _events?.Retry;

    /// <summary>Null, with the response untouched, when its content type is neither of the two.</summary>
    public static HttpFrames? TryOpen(IWireResponse response, ProtocolRevision? revision, bool takesEndpoint = false)
    {
        switch (response.Content)
        {
            case WireContent.EventStream:
                return new HttpFrames(response, new SseReader(MaxMessage), null) { TakesEndpoint = takesEndpoint };
            case WireContent.Json:
                // One byte more than announced, so that the end is seen without growing.
                var size = (int)Math.Clamp((response.ContentLength ?? 4095) + 1, 256, MaxFirstBuffer);
                return new HttpFrames(response, null, new JsonFrameReader(MaxMessage, revision is { AllowsBatches: true }, size));
            default:
                return null;
        }
    }

    /// <summary>The same object for another event stream, if it is one and this was one and is disposed.</summary>
    public bool TryRestart(IWireResponse response)
    {
        if (_events is null || !_isDisposed || response.Content != WireContent.EventStream)
        {
            return false;
        }

        _events.Restart();
        (_response, _ended, _isDisposed) = (response, false, false);
        return true;
    }

    /// <summary>The same as <see cref="ReadAsync"/>, if it has arrived.</summary>
    public bool TryRead(out HttpFrame frame)
    {
        ReadOnlyMemory<byte> bytes;
        if (_objects is not null)
        {
            var kind = _objects.Next(out bytes);
            frame = new HttpFrame(
                kind switch
                {
                    JsonFrameKind.TooLarge => HttpFrameKind.TooLarge,
                    JsonFrameKind.Garbage => HttpFrameKind.Garbage,
                    _ => HttpFrameKind.Message,
                },
                bytes);
            return kind != JsonFrameKind.None;
        }

        SseKind found;
        while ((found = _events!.Next(out bytes)) == SseKind.Event && !_events.IsMessage)
        {
            if (TakesEndpoint && _events.EventName.SequenceEqual("endpoint"u8))
            {
                frame = new HttpFrame(HttpFrameKind.Endpoint, bytes);
                return true;
            }

            // Events of other types mean something to other protocols.
        }

        frame = new HttpFrame(found == SseKind.TooLarge ? HttpFrameKind.TooLarge : HttpFrameKind.Message, bytes);
        return found != SseKind.None;
    }

    /// <summary>The next message. Its bytes are valid until the next call. Nothing follows anything but a message.</summary>
    [AsyncMethodBuilder(typeof(PooledMethodBuilder<>))]
    public async ValueTask<HttpFrame> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryRead(out var frame))
            {
                return frame;
            }

            int count;
            try
            {
                count = await _response.ReadAsync(_events?.GetMemory() ?? _objects!.GetMemory(), cancellationToken);
            }
            catch (IOException)
            {
                return new HttpFrame(HttpFrameKind.Broken, default);
            }

            if (count == 0)
            {
                _ended = true;
                return new HttpFrame(_objects is { IsInside: true } ? HttpFrameKind.Garbage : HttpFrameKind.End, default);
            }

            _events?.Advance(count);
            _objects?.Advance(count);
        }
    }

    /// <summary>Nothing more is wanted, but what is left of the body may be read to keep the connection.</summary>
    public void Leave() => _ended = true;

    /// <summary>Closes the connection at once, unless the body ended or was left: to a modern upstream, that is a cancellation.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (!_ended)
        {
            await _response.AbortAsync(_events?.GetMemory() ?? _objects!.GetMemory());
        }

        _response.Dispose();
        _events?.Dispose();
        _objects?.Dispose();
    }
}
