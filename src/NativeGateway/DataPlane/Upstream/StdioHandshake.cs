using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>What is known of an upstream's era before its process starts.</summary>
internal enum StdioEra : byte
{
    Unknown,
    Legacy,
    Modern,
}

/// <summary>How a handshake went. Exactly one of peer and error is set.</summary>
/// <param name="ExitedDuringProbe">The process cannot stand the probe: start another one and initialize it at once.</param>
internal readonly record struct StdioGreeting(UpstreamPeer? Peer, GatewayError? Error, bool ExitedDuringProbe = false);

/// <summary>
/// Finds out which revision a fresh process speaks: <c>server/discover</c> first, <c>initialize</c> when that is refused or not answered
/// (2026-07-28, basic/versioning).
/// </summary>
internal sealed class StdioHandshake(StdioParts parts, StdioSession session)
{
    public async Task<StdioGreeting> RunAsync(StdioEra era, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(parts.Timings.Start, parts.Time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var probe = era == StdioEra.Legacy ? Task.FromResult<UpstreamPeer?>(null) : DiscoverAsync(ending.Token);
        try
        {
            var greeting = await GreetAsync(era, probe, ending.Token);
            if (greeting.Peer is not null)
            {
                await FinishAsync(greeting.Peer, ending.Token);
            }

            return greeting;
        }
        catch (OperationCanceledException)
        {
            return new StdioGreeting(null, new GatewayError(ErrorKind.UpstreamTimeout, $"Upstream '{parts.Config.Key}' did not get ready in time."));
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)probe).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<StdioGreeting> GreetAsync(StdioEra era, Task<UpstreamPeer?> probe, CancellationToken cancellationToken)
    {
        if (era != StdioEra.Legacy)
        {
            var modern = await WithinAsync(probe, era == StdioEra.Modern ? parts.Timings.Start : parts.Timings.Probe, cancellationToken);
            if (modern is not null)
            {
                return new StdioGreeting(modern, null);
            }

            parts.Logger.ProbeEnded(parts.Config.Key, !session.IsUsable ? "exit" : probe.IsCompleted ? "refusal" : "silence");
        }

        var greeting = session.IsUsable ? await InitializeAsync(cancellationToken) : new StdioGreeting(null, session.Gone());
        if (greeting.Error is not null && await WithinAsync(probe, parts.Timings.LastWords, cancellationToken) is { } late)
        {
            // Modern after all, only slow to start: it read both questions and had no use for the second.
            return new StdioGreeting(late, null);
        }

        return greeting with { ExitedDuringProbe = era == StdioEra.Unknown && greeting.Error is not null && !session.IsUsable };
    }

    private async Task<UpstreamPeer?> DiscoverAsync(CancellationToken cancellationToken)
    {
        var answer = await OwnCall.AskAsync(session, McpMethod.ServerDiscover, HandshakeMessages.Discover, cancellationToken);
        return answer.Result is null ? null : HandshakeReader.ReadDiscovery(answer.Result);
    }

    private async Task<StdioGreeting> InitializeAsync(CancellationToken cancellationToken)
    {
        var answer = await OwnCall.AskAsync(
            session, McpMethod.Initialize, id => HandshakeMessages.Initialize(id, session.Capabilities), cancellationToken);
        if (answer.Result is null)
        {
            return new StdioGreeting(null, answer.Error ?? Misfit($"it answered initialize with error {answer.ErrorCode}"));
        }

        return HandshakeReader.ReadInitialization(answer.Result) is { } peer
            ? new StdioGreeting(peer, null)
            : new StdioGreeting(null, Misfit("its answer to initialize names no revision that the gateway speaks"));
    }

    /// <summary>A modern server tells of changes only whoever asked for them.</summary>
    private async Task FinishAsync(UpstreamPeer peer, CancellationToken cancellationToken)
    {
        if (!peer.Revision.IsModern)
        {
            await session.PostAsync(HandshakeMessages.Initialized, cancellationToken);
        }
        else
        {
            await session.Listening.BeginAsync(peer.Capabilities, cancellationToken);
        }
    }

    private async Task<UpstreamPeer?> WithinAsync(Task<UpstreamPeer?> probe, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            return await probe.WaitAsync(limit, parts.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private GatewayError Misfit(string detail) =>
        new(ErrorKind.UpstreamProtocol, $"Upstream '{parts.Config.Key}' speaks no revision of MCP that the gateway speaks.") { Detail = detail };
}
