using System.Text;
using NativeGateway.NativeTests.Upstreams;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>A server that sends its client elsewhere at one step of a session.</summary>
internal sealed class RedirectingUpstream : HttpUpstream
{
    /// <summary>The step at which a server of the transport HTTP+SSE says where its client shall post.</summary>
    public const string EndpointEvent = "endpoint";

    /// <summary>The step: the HTTP method, and the method of the message if there is one.</summary>
    public string Step { get; set; } = "";

    public int Status { get; set; }

    public string Location { get; set; } = "";

    protected override Task AnswerAsync(UpstreamRequest request, UpstreamReply reply) =>
        $"{request.HttpMethod} {request.Method}" == Step
            ? reply.JsonAsync("{}"u8.ToArray(), Status, $"Location: {Location}\r\n")
            : request switch
            {
                { HttpMethod: "GET" } => StreamAsync(reply),
                { HttpMethod: "DELETE" } => reply.EmptyAsync(200),
                { Id: null } => reply.EmptyAsync(202),
                { Method: "initialize" } => reply.ResultAsync(
                    request,
                    """{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"redirecting","version":"1"}}""",
                    "Mcp-Session-Id: s\r\n"),
                { Method: "tools/list" } => reply.ResultAsync(request, $$"""{"tools":{{Tools.List}}}"""),
                { Method: "tools/call" } => Tools.CallAsync(request, reply),
                _ => reply.ErrorAsync(request, """{"code":-32601,"message":"Method not found"}"""),
            };

    private async Task StreamAsync(UpstreamReply reply)
    {
        await reply.BeginStreamAsync();
        if (Step == EndpointEvent)
        {
            var text = $"event: endpoint\ndata: {Location}\n\n";
            await reply.WriteAsync(Encoding.ASCII.GetBytes($"{text.Length:x}\r\n{text}\r\n"));
        }

        await Ended;
    }
}
