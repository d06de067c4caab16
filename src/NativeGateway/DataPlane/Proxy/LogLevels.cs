using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// <c>logging/setLevel</c>: kept with the session, whose messages are filtered by it, and passed on to the legacy upstreams that log. Upstream
/// sessions are shared, so what an upstream is told is never less verbose than what another client wanted.
/// </summary>
internal sealed class LogLevels(UpstreamTable upstreams, CatalogTable catalogs, SessionTable sessions, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();

    public async ValueTask<GatewayError?> SetAsync(Exchange exchange)
    {
        if (LogLevelNames.Find(exchange.Text(exchange.Message.Level)) is not { } level)
        {
            return new GatewayError(ErrorKind.InvalidParams, "params.level must be one of debug, info, notice, warning, error, critical, alert, emergency.");
        }

        if (exchange.Session is { } session)
        {
            session.LogLevel = level;
        }

        await TellAsync(exchange, MostVerbose(exchange.Caller.Workspace!.Id, level)).ConfigureAwait(false);
        await LocalMethods.ReplyAsync(exchange, Empty).ConfigureAwait(false);
        return null;
    }

    private LogLevelName MostVerbose(Guid workspaceId, LogLevelName level)
    {
        foreach (var session in sessions.All)
        {
            if (session.WorkspaceId == workspaceId && session.LogLevel < level)
            {
                level = session.LogLevel.Value;
            }
        }

        return level;
    }

    private async Task TellAsync(Exchange exchange, LogLevelName level)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        var capabilities = exchange.Session?.Capabilities ?? ClientCapabilities.None;
        var told = exchange.Single is { } single ? [single] : exchange.Caller.Workspace!.Upstreams.Where(exchange.Caller.Permissions.AllowsServer);
        await Task.WhenAll(told
            .Where(upstream => catalogs.OfferOf(upstream.Id).Catalog is { Peer.Revision.IsModern: false } catalog && catalog.Capabilities.Has(PeerFeatures.Logging))
            .Select(upstream => TellAsync(upstream, capabilities, level, patience.Token))).ConfigureAwait(false);
    }

    private async Task TellAsync(Model.Upstream upstream, ClientCapabilities capabilities, LogLevelName level, CancellationToken patience)
    {
        if (upstreams.Find(upstream.Id) is not { } state)
        {
            return;
        }

        using var lease = state.Enter();
        try
        {
            var opening = await state.Connection.OpenAsync(capabilities, patience).ConfigureAwait(false);
            if (opening.Session is not { } session)
            {
                return;
            }

            var sending = await session.SendAsync(SetLevelRequest(session, level), patience).ConfigureAwait(false);
            if (sending.Reply is { } reply)
            {
                await using (reply.ConfigureAwait(false))
                {
                    await reply.ReadAsync(patience).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The level is a wish: a slow upstream must not hold the client's answer up.
        }
    }

    private static UpstreamRequest SetLevelRequest(IUpstreamSession session, LogLevelName level)
    {
        Span<byte> digits = stackalloc byte[20];
        var id = digits[..session.NextId(digits)].ToArray();
        var request = new UpstreamRequest
        {
            Id = id,
            Method = McpMethod.LoggingSetLevel,
            MethodText = McpMethods.Text(McpMethod.LoggingSetLevel).ToArray(),
        };
        byte[] message =
        [
            .. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"method\":\"logging/setLevel\",\"params\":{\"level\":"u8,
            .. LogLevelNames.Token(level), .. "}}"u8,
        ];
        request.Message.Reset(message);
        return request;
    }
}
