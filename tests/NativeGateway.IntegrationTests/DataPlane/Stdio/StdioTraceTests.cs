using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>A trace that came by headers reaches a program, which has none.</summary>
public sealed class StdioTraceTests
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public async Task A_trace_from_headers_stands_in_the_meta_of_the_call()
    {
        var meta = await CallAsync("""{"x":1}""");

        Assert.Equal($$"""{"traceparent": "{{Parent}}", "tracestate": "vendor=a", "x": 1}""", meta);
    }

    [Fact]
    public async Task A_trace_that_the_client_wrote_itself_goes_through_untouched() =>
        Assert.Equal("""{"traceparent": "its own", "x": 1}""", await CallAsync("""{"traceparent":"its own","x":1}"""));

    private static async Task<string> CallAsync(string meta)
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync();
        var id = session.NextId();
        var request = new UpstreamRequest { Id = Encoding.ASCII.GetBytes(id), Method = McpMethod.ToolsCall, TraceParent = Parent, TraceState = "vendor=a" };
        request.Message.Reset(Encoding.UTF8.GetBytes(
            $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"params","arguments":{},"_meta":{{{meta}}}}}"""));

        var sending = await session.SendAsync(request, CancellationToken.None).AsTask().WaitAsync(StdioFixture.Patience);

        using var seen = JsonDocument.Parse((await sending.Reply!.ToEndAsync()).Text);
        return seen.RootElement.GetProperty("_meta").GetRawText();
    }
}
