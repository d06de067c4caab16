using System.Net.Sockets;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The errors of HTTP upstreams. What the client is told names the upstream's key and nothing else; addresses, statuses and causes are for the
/// operator. Bodies and header values are for nobody.
/// </summary>
internal static class HttpFailures
{
    /// <param name="nothingSent">The upstream cannot have seen the request.</param>
    public static GatewayError Transport(string key, Exception fault, bool nothingSent)
    {
        var reached = !nothingSent && !IsConnectFault(fault);
        var what = reached ? "broke the connection before it answered" : "cannot be reached";
        return new GatewayError(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' {what}.")
        {
            Detail = Describe(fault),
            Retry = reached ? RetryHint.Never : RetryHint.NothingSent,
        };
    }

    public static GatewayError CircuitOpen(string key, string? lastFailure, TimeSpan retryAfter) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' cannot be reached at the moment.")
        {
            Detail = $"it could not be reached several times in a row ({lastFailure}); the next attempt follows by itself",
            Retry = RetryHint.NothingSent,
            RetryAfter = retryAfter,
        };

    /// <summary>Each endpoint was tried or is known to be useless at present. Says of each how it is, and of none where.</summary>
    public static GatewayError NoneLeft(string key, UpstreamHealth health, GatewayError last)
    {
        var states = health.Endpoints
            .GroupBy(endpoint => endpoint.Verdict)
            .OrderByDescending(group => group.Count())
            .Select(group => $"{group.Count()} of {health.Endpoints.Count} {Words(group.Key)}");
        return last with { Message = $"No endpoint of upstream '{key}' is available: {string.Join(", ", states)}." };
    }

    public static GatewayError Pausing(string key, string? reason, TimeSpan pause) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' failed a moment ago and is given a pause.")
        {
            Detail = reason,
            Retry = RetryHint.NothingSent,
            RetryAfter = pause,
        };

    public static GatewayError Credentials(string key, int status) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' is not available.")
        {
            Detail = $"the upstream refused the gateway's credentials (HTTP {status}); check the headers of server '{key}'",
        };

    public static GatewayError Busy(string key, int status, TimeSpan? retryAfter) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' is busy; try again later.")
        {
            Detail = $"the upstream answered HTTP {status}",
            RetryAfter = retryAfter,
        };

    public static GatewayError Status(string key, int status) =>
        new(ErrorKind.UpstreamProtocol, $"Upstream '{key}' gave no valid answer.")
        {
            Detail = status is >= 300 and < 400
                ? $"the upstream answered HTTP {status}; redirects are not followed: register the address that it points to"
                : $"the upstream answered HTTP {status} without a JSON-RPC answer to the request",
        };

    public static GatewayError Invalid(string key, string detail) =>
        new(ErrorKind.UpstreamProtocol, $"Upstream '{key}' gave no valid answer.") { Detail = detail };

    public static GatewayError TooLarge(string key, int limit) =>
        new(ErrorKind.UpstreamProtocol, $"Upstream '{key}' sent a message that is too large.") { Detail = $"a message exceeds {limit} bytes" };

    public static GatewayError Broken(string key, string detail) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' broke the connection before it answered.") { Detail = detail };

    public static GatewayError SessionLost(string key) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' lost its session.")
        {
            Detail = "the upstream does not know its session any more",
        };

    /// <summary>Not processed, and the next opening of a session finds out anew what the upstream speaks.</summary>
    public static GatewayError OtherRevision(string key, int status) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' changed the way it speaks; try again.")
        {
            Detail = $"the upstream refused a request in the revision that it spoke before (HTTP {status})",
            Retry = RetryHint.NothingSent,
        };

    public static GatewayError NotMcp(string key, int status) =>
        new(ErrorKind.UpstreamUnavailable, $"Upstream '{key}' does not answer as an MCP server over HTTP.")
        {
            Detail = $"server/discover and initialize were refused (HTTP {status}), and GET opened no stream of 2024-11-05; check the path of server '{key}'",
        };

    public static GatewayError OpeningTimeout(string key, TimeSpan limit) =>
        new(ErrorKind.UpstreamTimeout, $"Upstream '{key}' did not answer in time.")
        {
            Detail = $"no session could be opened within {limit.TotalSeconds:0.#} s",
        };

    /// <summary>True for what happens before a request can leave: name resolution, connecting, TLS, or the guard.</summary>
    public static bool IsConnectFault(Exception fault) => fault switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => true,
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => true,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => true,
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => true,
        HttpRequestException { InnerException: AddressRefusedException } => true,
        _ => false,
    };

    private static string Words(HealthVerdict verdict) => verdict switch
    {
        HealthVerdict.Down => "cannot be reached",
        HealthVerdict.NeedsSignIn => "refuse the gateway's credentials",
        HealthVerdict.Degraded => "do not answer as they should",
        _ => "did not take the call",
    };

    /// <summary>The cause in a few words: no addresses, nothing of any message.</summary>
    public static string Describe(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case AddressRefusedException refused:
                    return refused.Message;
                case SocketException socket:
                    return $"socket error {socket.SocketErrorCode}";
                case System.Security.Authentication.AuthenticationException:
                    return "the TLS handshake failed; check the certificate and that the server speaks TLS";
                case TimeoutException:
                    return "connecting took too long";
                default:
                    break;
            }
        }

        return fault is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } request
            ? $"HTTP error {request.HttpRequestError}"
            : fault.GetType().Name;
    }
}
