using NativeGateway.NativeTests.Wire;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>A server of revision 2026-07-28 that insists on the envelope and its mirrored headers.</summary>
internal sealed class ModernUpstream : HttpUpstream
{
    public ModernUpstream()
    {
        Tools["mirrored"] = ToolScripts.EchoAsync;
        Tools.Definitions["mirrored"] =
            """
            "inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}
            """.Trim();
        Tools["sampling"] = (request, reply) => reply.ErrorAsync(
            request, """{"code":-32021,"message":"needs sampling","data":{"requiredCapabilities":{"sampling":{}}}}""", 400);
        Tools["echo"] = (request, reply) => reply.ResultAsync(
            request, $$"""{"resultType":"complete","content":[{"type":"text","text":{{System.Text.Json.JsonSerializer.Serialize(request.Arguments)}}}],"structuredContent":{{request.Arguments}}}""");
    }

    protected override async Task AnswerAsync(UpstreamRequest request, UpstreamReply reply)
    {
        if (request.HttpMethod != "POST")
        {
            await reply.EmptyAsync(405);
        }
        else if (request.Id is null)
        {
            await reply.EmptyAsync(202);
        }
        else if (Mismatch(request) is { } fault)
        {
            await reply.ErrorAsync(request, $$"""{"code":-32020,"message":"{{fault}}"}""", 400);
        }
        else
        {
            await AnswerMethodAsync(request, reply);
        }
    }

    private static string? Mismatch(UpstreamRequest request)
    {
        var meta = request.Params.GetProperty("_meta");
        if (request.Head["MCP-Protocol-Version"] != Rpc.Modern || meta.GetProperty("io.modelcontextprotocol/protocolVersion").GetString() != Rpc.Modern)
        {
            return "version";
        }

        return request.Head["Mcp-Method"] != request.Method ? "method" : request.Tool is { } tool && request.Head["Mcp-Name"] != tool ? "name" : null;
    }

    private Task AnswerMethodAsync(UpstreamRequest request, UpstreamReply reply) => request.Method switch
    {
        "server/discover" => reply.ResultAsync(
            request,
            """
            {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},"ttlMs":0,"cacheScope":"private"}
            """.Trim()),
        "tools/list" => reply.ResultAsync(request, $$"""{"resultType":"complete","tools":{{Tools.List}},"ttlMs":0,"cacheScope":"private"}"""),
        "tools/call" => Tools.CallAsync(request, reply),
        "subscriptions/listen" => ListenAsync(request, reply),
        _ => reply.ErrorAsync(request, """{"code":-32601,"message":"Method not found"}""", 404),
    };

    private async Task ListenAsync(UpstreamRequest request, UpstreamReply reply)
    {
        await reply.BeginStreamAsync();
        await reply.EventAsync(
            $$$"""
            {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":{{{request.Id}}} },"notifications":{"toolsListChanged":true} } }
            """.Trim());
        await Ended;
    }
}
