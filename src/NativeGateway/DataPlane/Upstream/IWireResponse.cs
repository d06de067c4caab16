namespace NativeGateway.DataPlane.Upstream;

/// <summary>What the body of a response is said to be.</summary>
internal enum WireContent : byte
{
    Other,
    Json,
    EventStream,
}

/// <summary>
/// A response of an HTTP upstream whose head arrived: of <see cref="SocketsHttpHandler"/>, or of a connection of an event loop. Disposing reads a
/// short rest of the body to keep the connection. One reader at a time, on any thread.
/// </summary>
internal interface IWireResponse : IDisposable
{
    int Status { get; }

    bool IsSuccess => Status is >= 200 and < 300;

    WireContent Content { get; }

    /// <summary>Null when it is not announced.</summary>
    long? ContentLength { get; }

    /// <summary><c>MCP-Session-Id</c>.</summary>
    string? SessionId { get; }

    /// <summary><c>Retry-After</c>, never negative.</summary>
    TimeSpan? RetryAfter(TimeProvider time);

    /// <summary>The whole body where it was received, if it is there already: valid until the response is disposed, and not taken by this.</summary>
    bool TryPeekBody(out ReadOnlyMemory<byte> body)
    {
        body = default;
        return false;
    }

    /// <summary>The next bytes of the body; 0 at its end.</summary>
    /// <exception cref="IOException">The connection broke within the body.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Closes the connection at once: to a modern upstream, that is a cancellation. <paramref name="scratch"/> may be written to.</summary>
    ValueTask AbortAsync(Memory<byte> scratch);
}
