using System.Runtime.CompilerServices;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// <c>logging/setLevel</c>: kept with the session, whose messages are filtered by it, and passed on to the legacy upstreams that log. Upstream
/// sessions are shared, so what an upstream is told is never less verbose than what another client wanted. Modern clients name a level with each
/// request instead, and the upstream is told when it says less than that.
/// </summary>
internal sealed class LogLevels(UpstreamTable upstreams, CatalogTable catalogs, SessionTable sessions, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly ReadOnlyMemory<byte> Empty = "{}"u8.ToArray();

    /// <summary>What an upstream session was told last. By the peer, which is another one after the session was opened anew.</summary>
    private readonly ConditionalWeakTable<UpstreamPeer, StrongBox<LogLevelName>> _told = [];

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

    /// <summary>Sees to it that a legacy upstream says at least what a modern client wants to hear during its request.</summary>
    public async ValueTask EnsureAsync(IUpstreamSession session, LogLevelName level)
    {
        var capabilities = session.Peer.Capabilities;
        var logging = JsonMembers.Find(capabilities.Span, new ByteRange(0, capabilities.Length), "logging"u8);
        if (!logging.IsPresent || (_told.TryGetValue(session.Peer, out var told) && told.Value <= level))
        {
            return;
        }

        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            await TellAsync(session, level, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The level is a wish: a slow upstream must not hold the call up.
        }
    }

    private LogLevelName MostVerbose(Guid workspaceId, LogLevelName level)
    {
        foreach (var session in sessions.All)
        {
            if (session.Owner.WorkspaceId == workspaceId && session.LogLevel < level)
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

            await TellAsync(session, level, patience).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The level is a wish: a slow upstream must not hold the client's answer up.
        }
    }

    private async ValueTask TellAsync(IUpstreamSession session, LogLevelName level, CancellationToken patience)
    {
        _told.AddOrUpdate(session.Peer, new StrongBox<LogLevelName>(level));
        await OwnCall.AskAsync(session, McpMethod.LoggingSetLevel, id => HandshakeMessages.SetLevel(id, level), patience).ConfigureAwait(false);
    }
}
