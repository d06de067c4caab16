using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>What goes wrong on the way to the remote endpoint, for the person who has configured the bridge: with the address, never with the key.</summary>
internal static class BridgeFailures
{
    public static readonly GatewayError NotJson = new(ErrorKind.NotJson, "The line is not JSON in UTF-8.");

    public static readonly GatewayError NotRpc = new(ErrorKind.InvalidRequest, "The line is no JSON-RPC 2.0 message as MCP defines it.");

    public static readonly GatewayError Full = new(ErrorKind.Saturated, "Too many requests are waiting for an answer.");

    public static GatewayError TooLong(int limit) => new(ErrorKind.TooLarge, $"The line is longer than {limit} bytes.");

    public static GatewayError Transport(string place, Exception fault, bool wasSent) => Unavailable(
        wasSent && !HttpFailures.IsConnectFault(fault)
            ? $"{place} broke the connection before it answered ({HttpFailures.Describe(fault)})."
            : $"{place} cannot be reached ({HttpFailures.Describe(fault)}): is it running, and is --url right?");

    public static GatewayError Broken(string place) => Unavailable($"{place} ended its reply without an answer.");

    public static GatewayError TooLarge(string place) =>
        new(ErrorKind.UpstreamProtocol, $"{place} sent a message of more than {HttpFrames.MaxMessage} bytes.");

    public static GatewayError NoMessage(string place) => new(ErrorKind.UpstreamProtocol, $"{place} answered with something that is no JSON-RPC message.");

    public static GatewayError SessionChanged(string place) =>
        Unavailable($"{place} has lost the session and would open another one with other terms: start this server again.");

    /// <param name="hasKey">One was sent along.</param>
    public static GatewayError Refused(string place, int status, bool hasKey) => status switch
    {
        401 => new GatewayError(
            ErrorKind.Unauthenticated,
            hasKey
                ? $"{place} does not accept the key (HTTP 401): check --api-key or NATIVE_GATEWAY_API_KEY."
                : $"{place} demands a key (HTTP 401): give it with --api-key or NATIVE_GATEWAY_API_KEY."),
        403 => new GatewayError(ErrorKind.Forbidden, $"{place} does not allow this (HTTP 403)."),
        404 or 405 => Protocol(place, status, "it has no MCP endpoint there; check the path of --url, such as /mcp"),
        >= 300 and < 400 => Protocol(place, status, "redirects are not followed; give the address that it points to"),
        413 => new GatewayError(ErrorKind.TooLarge, $"{place} refuses a message of this size (HTTP 413)."),
        429 => new GatewayError(ErrorKind.RateLimited, $"{place} asks for patience (HTTP 429)."),
        503 => new GatewayError(ErrorKind.Saturated, $"{place} is busy (HTTP 503); try again later."),
        _ => Protocol(place, status, "without a JSON-RPC answer to the request"),
    };

    private static GatewayError Protocol(string place, int status, string what) =>
        new(ErrorKind.UpstreamProtocol, $"{place} answered HTTP {status}: {what}.");

    private static GatewayError Unavailable(string message) => new(ErrorKind.UpstreamUnavailable, message);
}
