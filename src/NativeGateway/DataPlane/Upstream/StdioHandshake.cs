using System.Text;
using Microsoft.Extensions.Logging;
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
/// (2026-07-28, basic/versioning). The process learns of no client capabilities, because it serves many clients.
/// </summary>
internal sealed class StdioHandshake(UpstreamConfig config, StdioSession session, StdioTimings timings, TimeProvider time, ILogger logger)
{
    private static readonly string ClientInfo =
        $$"""{"name":"native-gateway","title":"NativeGateway","version":"{{typeof(StdioHandshake).Assembly.GetName().Version?.ToString(3)}}"}""";

    private static readonly string DiscoverParams =
        $$$$"""
        {"_meta":{"io.modelcontextprotocol/protocolVersion":"{{{{ProtocolRevision.NewestModern}}}}",
        "io.modelcontextprotocol/clientInfo":{{{{ClientInfo}}}},"io.modelcontextprotocol/clientCapabilities":{}}}
        """;

    private static readonly string InitializeParams =
        $$"""{"protocolVersion":"{{ProtocolRevision.NewestLegacy}}","capabilities":{},"clientInfo":{{ClientInfo}}}""";

    private readonly record struct Answer(byte[]? Result, GatewayError? Error);

    public async Task<StdioGreeting> RunAsync(StdioEra era, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timings.Start, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var probe = era == StdioEra.Legacy ? Task.FromResult<UpstreamPeer?>(null) : DiscoverAsync(ending.Token);
        try
        {
            return await GreetAsync(era, probe, ending.Token);
        }
        catch (OperationCanceledException)
        {
            return new StdioGreeting(null, new GatewayError(ErrorKind.UpstreamTimeout, $"Upstream '{config.Key}' did not get ready in time."));
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
            var modern = await WithinAsync(probe, era == StdioEra.Modern ? timings.Start : timings.Probe, cancellationToken);
            if (modern is not null)
            {
                return new StdioGreeting(modern, null);
            }

            logger.ProbeEnded(config.Key, !session.IsUsable ? "exit" : probe.IsCompleted ? "refusal" : "silence");
        }

        var greeting = session.IsUsable ? await InitializeAsync(cancellationToken) : new StdioGreeting(null, session.Gone());
        if (greeting.Error is not null && await WithinAsync(probe, timings.LastWords, cancellationToken) is { } late)
        {
            // Modern after all, only slow to start: it read both questions and had no use for the second.
            return new StdioGreeting(late, null);
        }

        return greeting with { ExitedDuringProbe = era == StdioEra.Unknown && greeting.Error is not null && !session.IsUsable };
    }

    private async Task<UpstreamPeer?> DiscoverAsync(CancellationToken cancellationToken)
    {
        var answer = await AskAsync(McpMethod.ServerDiscover, DiscoverParams, cancellationToken);
        return answer.Result is null ? null : HandshakeReader.ReadDiscovery(answer.Result);
    }

    private async Task<StdioGreeting> InitializeAsync(CancellationToken cancellationToken)
    {
        var answer = await AskAsync(McpMethod.Initialize, InitializeParams, cancellationToken);
        if (answer.Result is null)
        {
            return new StdioGreeting(null, answer.Error);
        }

        if (HandshakeReader.ReadInitialization(answer.Result) is not { } peer)
        {
            return new StdioGreeting(null, Misfit("its answer to initialize names no revision that the gateway speaks"));
        }

        var error = await session.PostAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}"""u8.ToArray(), cancellationToken);
        return error is null ? new StdioGreeting(peer, null) : new StdioGreeting(null, error);
    }

    private async Task<Answer> AskAsync(McpMethod method, string parameters, CancellationToken cancellationToken)
    {
        var id = new byte[20];
        var idLength = session.NextId(id);
        var request = new UpstreamRequest { Method = method, Id = id.AsMemory(0, idLength) };
        var idText = Encoding.ASCII.GetString(id, 0, idLength);
        var methodText = Encoding.ASCII.GetString(McpMethods.Text(method));
        request.Message.Reset(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{idText}},"method":"{{methodText}}","params":{{parameters}}}"""));

        var sending = await session.SendAsync(request, cancellationToken);
        if (sending.Reply is not { } reply)
        {
            return new Answer(null, sending.Error);
        }

        await using (reply)
        {
            while (true)
            {
                var received = await reply.ReadAsync(cancellationToken);
                if (received.Error is not null)
                {
                    return new Answer(null, received.Error);
                }

                if (received.Message.IsResponse)
                {
                    return received.Message.Kind == RpcKind.Result
                        ? new Answer(received.Message.Result.Of(received.Bytes.Span).ToArray(), null)
                        : new Answer(null, Misfit($"it answered {methodText} with error {received.Message.ErrorCode}"));
                }
            }
        }
    }

    private async Task<UpstreamPeer?> WithinAsync(Task<UpstreamPeer?> probe, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            return await probe.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private GatewayError Misfit(string detail) =>
        new(ErrorKind.UpstreamProtocol, $"Upstream '{config.Key}' speaks no revision of MCP that the gateway speaks.") { Detail = detail };
}
