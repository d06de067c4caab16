namespace NativeGateway.DataPlane.Upstream;

/// <summary>A response of <see cref="SocketsHttpHandler"/>.</summary>
internal sealed class ClientWireResponse(HttpResponseMessage response) : IWireResponse
{
    private Stream? _body;

    public int Status => (int)response.StatusCode;

    public WireContent Content => response.Content.Headers.ContentType?.MediaType switch
    {
        { } type when type.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase) => WireContent.EventStream,
        { } type when type.Equals("application/json", StringComparison.OrdinalIgnoreCase) => WireContent.Json,
        _ => WireContent.Other,
    };

    public long? ContentLength => response.Content.Headers.ContentLength;

    public string? SessionId => response.Headers.TryGetValues("MCP-Session-Id", out var values) ? values.First() : null;

    private Stream Body => _body ??= response.Content.ReadAsStream();

    public TimeSpan? RetryAfter(TimeProvider time)
    {
        var wait = response.Headers.RetryAfter is { } header ? header.Delta ?? (header.Date - time.GetUtcNow()) : null;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await Body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is HttpRequestException or ObjectDisposedException
            || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new IOException("The connection broke within the body.", fault);
        }
    }

    /// <summary>
    /// Disposing a response reads on for a while to save the connection. A cancelled read drops it, but only one that has to wait; what
    /// stands ready is read first, within bounds.
    /// </summary>
    public async ValueTask AbortAsync(Memory<byte> scratch)
    {
        using var abort = new CancellationTokenSource();
        try
        {
            for (var round = 0; round < 16; round++)
            {
                var read = Body.ReadAsync(scratch, abort.Token);
                if (!read.IsCompleted)
                {
                    await abort.CancelAsync().ConfigureAwait(false);
                }

                if (await read.ConfigureAwait(false) == 0)
                {
                    return;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException or ObjectDisposedException or OperationCanceledException)
        {
            // That is the point.
        }
    }

    public void Dispose() => response.Dispose();
}
