using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>What an endpoint was found to speak. Exactly one of the three is set.</summary>
internal readonly record struct HttpDetection(HttpSessionState? Modern, bool IsLegacy, GatewayError? Error);

/// <summary>How an <c>initialize</c> went. Exactly one of state and error is set.</summary>
/// <param name="IsOtherEra">Refused in a way that says: look again what it speaks.</param>
/// <param name="MayBeSse">Refused as a server of 2024-11-05 would.</param>
internal readonly record struct HttpGreeting(HttpSessionState? State, GatewayError? Error, bool IsOtherEra = false, bool MayBeSse = false);

/// <summary>
/// Finds out which era an endpoint belongs to and opens legacy sessions (2026-07-28, basic/versioning and basic/transports/streamable-http,
/// "Backward Compatibility"). Keeps nothing.
/// </summary>
internal static class HttpHandshake
{
    private const int HeaderMismatch = -32020;
    private const int MissingCapability = -32021;
    private const int UnsupportedVersion = -32022;

    /// <summary>The response to a request of the gateway's own, or why there is none.</summary>
    private readonly record struct Answer(byte[]? Bytes, RpcMessage Message, string? SessionId, HttpRefusal? Refusal, GatewayError? Error);

    /// <summary>Asks for a discovery. Silence within the limit means legacy, as does everything that a modern upstream would not say.</summary>
    public static async Task<HttpDetection> DetectAsync(HttpWire wire, UpstreamIds ids, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(limit, wire.Time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        Answer answer;
        try
        {
            answer = await DiscoverAsync(wire, ids, ending.Token);
            if (CodeOf(answer) == UnsupportedVersion && NamedInstead(answer).Exists(name => ProtocolRevision.Find(name) is { IsModern: true }))
            {
                // It names a revision that the gateway speaks, so it is asked in that one (2026-07-28, basic/versioning).
                answer = await DiscoverAsync(wire, ids, ending.Token);
            }
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            return fault is UnsentException ? new HttpDetection(null, false, wire.Unreachable()) : new HttpDetection(null, true, null);
        }

        if (answer.Error is { Retry: RetryHint.NothingSent })
        {
            return new HttpDetection(null, false, answer.Error);
        }

        if (answer.Refusal is { IsForOperator: true } refusal)
        {
            return new HttpDetection(null, false, refusal.ToError(wire.Key));
        }

        return Judge(wire, answer);
    }

    public static async Task<HttpGreeting> InitializeAsync(
        HttpWire wire, UpstreamIds ids, ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(
            wire, HttpSessionHead.None, McpMethod.Initialize, ids, id => HandshakeMessages.Initialize(id, capabilities), cancellationToken);
        if (answer.Refusal is { } refusal)
        {
            return refusal.Status is 400 or 404 or 405
                ? new HttpGreeting(null, HttpFailures.NotMcp(wire.Key, refusal.Status), IsOtherEra: true, MayBeSse: true)
                : new HttpGreeting(null, refusal.ToError(wire.Key));
        }

        if (answer.Bytes is not { } bytes)
        {
            return new HttpGreeting(null, answer.Error);
        }

        if (answer.Message.Kind == RpcKind.Error)
        {
            return new HttpGreeting(
                null, HttpFailures.Invalid(wire.Key, $"it answered initialize with error {answer.Message.ErrorCode}"), IsOtherEra: true);
        }

        var result = bytes.AsMemory(answer.Message.Result.Start, answer.Message.Result.Length);
        if (HandshakeReader.ReadInitialization(result) is not { } peer)
        {
            return new HttpGreeting(null, HttpFailures.Invalid(wire.Key, "its answer to initialize names no revision that the gateway speaks"), true);
        }

        if (answer.SessionId is { } sessionId && sessionId.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
        {
            return new HttpGreeting(null, HttpFailures.Invalid(wire.Key, "its session id holds characters that no session id may hold"));
        }

        return await ConfirmAsync(wire, new HttpSessionState(peer, new HttpSessionHead(peer.Revision, answer.SessionId)), cancellationToken);
    }

    private static async Task<HttpGreeting> ConfirmAsync(HttpWire wire, HttpSessionState state, CancellationToken cancellationToken)
    {
        var sent = await wire.PostAsync(state.Head, HandshakeMessages.Initialized, cancellationToken);
        using var response = sent.Response;
        if (response is null || response.IsSuccess)
        {
            return new HttpGreeting(sent.Error is null ? state : null, sent.Error);
        }

        return new HttpGreeting(null, HttpFailures.Status(wire.Key, response.Status));
    }

    private static HttpDetection Judge(HttpWire wire, in Answer answer)
    {
        if (answer.Bytes is { } bytes && answer.Message.Kind == RpcKind.Result)
        {
            var result = bytes.AsMemory(answer.Message.Result.Start, answer.Message.Result.Length);
            return HandshakeReader.ReadDiscovery(result) is { } peer
                ? new HttpDetection(new HttpSessionState(peer, HttpSessionHead.Modern), false, null)
                : new HttpDetection(null, true, null);
        }

        var code = CodeOf(answer);
        return code switch
        {
            HeaderMismatch or MissingCapability =>
                new HttpDetection(null, false, HttpFailures.Invalid(wire.Key, $"it answered server/discover with error {code}")),
            // One whose list holds a handshake's revision, or no list at all, gets its handshake.
            UnsupportedVersion when NamedInstead(answer) is { Count: > 0 } named && !named.Exists(HasHandshake) =>
                new HttpDetection(null, false, HttpFailures.Invalid(wire.Key, "it refuses this revision, and names no other that the gateway speaks")),
            _ => new HttpDetection(null, true, null),
        };
    }

    private static bool HasHandshake(string revision) => !ProtocolRevision.NamesModernEra(revision);

    private static int CodeOf(in Answer answer) => answer.Refusal?.ErrorCode ?? answer.Message.ErrorCode;

    /// <summary>The revisions that a refusal of the one it was asked in names.</summary>
    private static List<string> NamedInstead(in Answer answer)
    {
        var body = answer.Refusal is { } refused ? refused.Body.Span : answer.Bytes;
        var error = answer.Refusal?.Error ?? answer.Message.Error;
        var supported = JsonMembers.Find(body, JsonMembers.Find(body, error, "data"u8), "supported"u8);
        var names = new List<string>();
        if (supported.IsPresent)
        {
            var reader = new System.Text.Json.Utf8JsonReader(supported.Of(body));
            while (reader.Read())
            {
                if (reader.TokenType == System.Text.Json.JsonTokenType.String)
                {
                    names.Add(reader.GetString()!);
                }
            }
        }

        return names;
    }

    private static ValueTask<Answer> DiscoverAsync(HttpWire wire, UpstreamIds ids, CancellationToken cancellationToken) =>
        AskAsync(wire, HttpSessionHead.Modern, McpMethod.ServerDiscover, ids, HandshakeMessages.Discover, cancellationToken);

    private delegate byte[] MessageOf(ReadOnlySpan<byte> id);

    private static async ValueTask<Answer> AskAsync(
        HttpWire wire, HttpSessionHead head, McpMethod method, UpstreamIds ids, MessageOf message, CancellationToken cancellationToken)
    {
        var id = ids.Next();
        var request = new UpstreamRequest { Id = id, Method = method, IsHandshake = true };
        request.Message.Reset(message(id));
        var call = await HttpCall.SendAsync(wire, head, request, cancellationToken);
        if (call.Reply is not { } reply)
        {
            return new Answer(null, default, null, call.Refusal, call.Error);
        }

        await using (reply)
        {
            while (true)
            {
                var received = await reply.ReadAsync(cancellationToken);
                if (received.Error is not null || received.Message.IsResponse)
                {
                    var bytes = received.Error is null ? received.Bytes.ToArray() : null;
                    return new Answer(bytes, received.Message, call.SessionId, null, received.Error);
                }
            }
        }
    }
}
