using System.Text;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>What the audit log is told of a refused request.</summary>
internal static class Denials
{
    /// <summary>In bytes; a server can list names of any length, and what it lists there shall not fill the log.</summary>
    private const int LongestName = 128;

    /// <summary>Whether it is about who asked for what; what is malformed or fails is not.</summary>
    public static bool IsOne(ErrorKind kind) => kind is
        ErrorKind.Unauthenticated or ErrorKind.ForbiddenOrigin or ErrorKind.ForbiddenAddress or ErrorKind.Forbidden or ErrorKind.RateLimited;

    public static DeniedRequest Of(Exchange exchange, ErrorKind kind)
    {
        var method = exchange.Message.MethodCode;
        var denied = Of(exchange.Head, exchange.Snapshot, method == McpMethod.Unknown ? "mcp" : $"mcp.{McpMethods.Label(method)}", ErrorResponder.OutcomeOf(kind).Label());
        return exchange.Target is { } target ? NameTarget(denied, target, exchange) : denied;
    }

    /// <summary>The tool or prompt as its catalog lists it, within its server; what a client may have made up is left out.</summary>
    private static DeniedRequest NameTarget(DeniedRequest denied, Model.Upstream target, Exchange exchange) => exchange.CatalogName is { Length: <= LongestName } name
        ? denied with
        {
            ResourceType = PermissionCheck.KindOf(exchange.Message) == PermissionKind.Tool ? "tool" : "prompt",
            ResourceId = $"{target.Id}/{Encoding.UTF8.GetString(name)}",
        }
        : denied with { ResourceType = "server", ResourceId = target.Id.ToString() };

    /// <param name="snapshot">Null before the request was looked at.</param>
    public static DeniedRequest Of(RequestHead head, Snapshot? snapshot, string action, string outcome)
    {
        if (!ApiKey.TryParse(head.Credential.Span, out var key))
        {
            return new DeniedRequest(null, null, head.RemoteAddress, action, null, null, outcome, head.RequestId);
        }

        return snapshot is not null && snapshot.Callers.TryGet(key.Id, out var caller)
            ? new DeniedRequest(caller.OrganizationId, caller.KeyId, head.RemoteAddress, action, null, null, outcome, head.RequestId)
            : new DeniedRequest(null, Encoding.ASCII.GetString(key.Id), head.RemoteAddress, action, null, null, outcome, head.RequestId);
    }
}
