using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The wish to hear of changed lists, as a modern process is told it (2026-07-28, basic/patterns/subscriptions): once, and whenever it has ended the
/// subscription again, after a pause. No call of the session: its notifications are events, and a process that only listens is idle.
/// </summary>
internal sealed class StdioListening(StdioSession session, StdioParts parts)
{
    private const int MethodNotFound = -32601;

    private readonly RestartBackoff _backoff = parts.Timings.CreateBackoff(parts.Time);
    private ReadOnlyMemory<byte> _capabilities;
    private long _id = -1;
    private long _since;

    /// <summary>Asks for the lists that may change.</summary>
    /// <param name="capabilities">Raw JSON object of the server's capabilities.</param>
    public async ValueTask BeginAsync(ReadOnlyMemory<byte> capabilities, CancellationToken cancellationToken)
    {
        var id = OwnCall.NextId(session);
        if (HandshakeMessages.Listen(id, capabilities) is { } listen)
        {
            _capabilities = capabilities;
            _since = parts.Time.GetTimestamp();
            Volatile.Write(ref _id, CallRouter.ReadNumber(id)!.Value);
            await session.PostAsync(listen, cancellationToken);
        }
    }

    /// <summary>From the reading loop: a response to what is no call. False when it is none to the wish either.</summary>
    public bool TryEnd(long id, int errorCode)
    {
        if (Interlocked.CompareExchange(ref _id, -1, id) != id)
        {
            return false;
        }

        if (errorCode != MethodNotFound)
        {
            _ = RenewAsync();
        }

        return true;
    }

    private async Task RenewAsync()
    {
        _backoff.Lost(parts.Time.GetElapsedTime(_since));
        using var ended = new CancellationTokenSource();
        var pause = Task.Delay(_backoff.Remaining ?? TimeSpan.Zero, parts.Time, ended.Token);
        await Task.WhenAny(pause, session.Ended);
        await ended.CancelAsync();
        if (session.IsUsable)
        {
            await BeginAsync(_capabilities, CancellationToken.None);

            // Whatever changed in between was said to nobody.
            parts.Events.ListChanged(parts.Config.Id, McpMethod.Unknown);
        }
    }
}
