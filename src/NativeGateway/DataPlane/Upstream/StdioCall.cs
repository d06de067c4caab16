using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>One request in flight on a stdio session.</summary>
internal sealed class StdioCall(StdioSession session, long id, long? progressToken, McpMethod method) : QueuedReply(id, progressToken, method)
{
    /// <summary>The request on its way; set once, before it can be written.</summary>
    public OutgoingLine? Line { get; set; }

    /// <summary>Asked by the gateway itself, whether the process is well: no use of it.</summary>
    public bool IsProbe { get; init; }

    protected override void Leave() => session.Leave(this);

    protected override GatewayError Gone() => session.Gone();
}
