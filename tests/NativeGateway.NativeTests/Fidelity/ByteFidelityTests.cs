using System.Text;
using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Fidelity;

/// <summary>Between peers of one era, everything but the id and the exposed name arrives byte for byte as it was written.</summary>
public sealed class ByteFidelityTests : IAsyncLifetime
{
    /// <summary>Spacing, order, unknown members, spellings of numbers and escapes that a re-serialization would change.</summary>
    private const string Odd =
        """
        {  "z" :1e2, "a":	1.0 ,"big": 12345678901234567890 , "neg":-0, "exp":1E+05,"tiny":0.10000000000000000000001,
          "esc":"\u0041\/\n\ud83d\ude00","raw":"é😀","empty":{ },"list":[ 1 ,2,  [] ],"a_duplicate":1,"a_duplicate":2,"nul":null ,"":"" }
        """;

    private LegacyUpstream Upstream { get; } = new();

    private ModernUpstream Modern { get; } = new();

    private GatewayProcess _gateway = null!;

    public static TheoryData<string> Ids => new(
        "1", "0", "-5", "9223372036854775807", "-9223372036854775808", "1732161600000", "9007199254740993", "12345678901234567890",
        "\"a\"", "\"1\"", "\"\"", "\"\\u0041\"", "\"é😀\"", "\"\\ud83d\\ude00\"", "\"with \\\"quotes\\\" and \\\\\"", "\"00000000-0000-0000-0000-000000000000\"");

    public async Task InitializeAsync()
    {
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers = [("up", GatewayConfig.Entry(Upstream)), ("modern", GatewayConfig.Entry(Modern)), ("stdio", StdioUpstream.Entry())],
        });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Upstream.DisposeAsync();
        await Modern.DisposeAsync();
    }

    [Theory]
    [InlineData("/mcp", "up__echo")]
    [InlineData("/mcp/up", "echo")]
    public async Task A_request_reaches_the_upstream_as_it_was_written(string path, string tool)
    {
        var body = $$$"""
             { "vendor" : [1e2, {"x":1.0}] ,"params" :{"before":{{{Odd}}}, "name" : "{{{tool}}}" ,"arguments":{{{Odd}}},"_meta":{ "com.example/x" : 1.10 }, "after": [ ] } ,
               "id" : "the id","jsonrpc":"2.0",  "method":"tools/call"  , "last":false}
            """;

        Assert.Equal(200, (await _gateway.PostAsync(path, body)).Status);

        var seen = Upstream.Calls.Last();
        var expected = body.Replace("\"the id\"", seen.Id, StringComparison.Ordinal).Replace($"\"{tool}\"", "\"echo\"", StringComparison.Ordinal);
        Assert.Equal(expected.Trim(), seen.Text.Trim());
    }

    [Theory]
    [InlineData("/mcp", "modern__exact")]
    [InlineData("/mcp/modern", "exact")]
    public async Task Between_modern_peers_both_ways_are_as_written(string path, string tool)
    {
        const string Result = """
            { "content":[ ],"extra" : 1e2 , "resultType":"complete", "_meta" : {"io.modelcontextprotocol/serverInfo" : {"name":"m", "version":"1"}, "x":1.0} }
            """;
        Modern.Tools.Exact = (request, reply) => reply.ResultAsync(request, Result);
        var request = Rpc.ModernRequest(
            path, "tools/call", $"\"arguments\" :{Odd},  \"name\": \"{tool}\"", tool, "\"my id\"", Rpc.Meta(more: ", \"com.example/x\" : 1.10 "));

        var reply = await _gateway.SendAsync(request.As(_gateway.AdminKey));

        var seen = Modern.Calls.Last();
        var expected = Encoding.UTF8.GetString(request.Body).Replace("\"my id\"", seen.Id, StringComparison.Ordinal)
            .Replace($"\"{tool}\"", "\"exact\"", StringComparison.Ordinal);
        Assert.Equal(expected, seen.Text);
        Assert.Equal($$"""{"jsonrpc":"2.0","id":"my id","result":{{Result}}}""", reply.Text);
    }

    [Theory]
    [InlineData("/mcp", "up__exact")]
    [InlineData("/mcp/up", "exact")]
    public async Task An_answer_reaches_the_client_as_it_was_written(string path, string tool)
    {
        Upstream.Tools.Exact = (request, reply) => reply.JsonAsync($"\n {Answer(request.Id!)} ");

        var reply = await _gateway.PostAsync(path, Rpc.Call(tool, id: "\"the \\u0069d\""));

        Assert.Equal(Answer("\"the \\u0069d\""), reply.Text.Trim());
    }

    [Theory]
    [InlineData("/mcp", "up__exact")]
    [InlineData("/mcp/up", "exact")]
    public async Task An_answer_on_an_event_stream_loses_nothing_but_line_breaks(string path, string tool)
    {
        Upstream.Tools.Exact = async (request, reply) =>
        {
            await reply.BeginStreamAsync();
            await reply.EventAsync("""{ "jsonrpc":"2.0", "method":"notifications/message","params":{"level":"info" ,"data":{"n":1.0}}}""");
            await reply.EventAsync(OnOneLine(Answer(request.Id!)));
            await reply.EndStreamAsync();
        };

        var reply = await _gateway.PostAsync(path, Rpc.Call(tool, id: "8"));

        Assert.Equal(OnOneLine(Answer("8")), reply.IsEventStream ? reply.Events[^1] : reply.Text.Trim());
    }

    [Fact]
    public async Task An_error_with_its_data_reaches_the_client_as_it_was_written()
    {
        const string Error = """{ "message" : "w\u00f6rds", "data":{"n":1e2, "m" : 1.0} ,"code":-32050, "extra":[] }""";
        Upstream.Tools.Exact = (request, reply) => reply.ErrorAsync(request, Error);

        var reply = await _gateway.PostAsync("/mcp", Rpc.Call("up__exact", id: "8"));

        Assert.Equal($$"""{"jsonrpc":"2.0","id":8,"error":{{Error}}}""", reply.Text);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task An_id_comes_back_as_it_was_written(string id)
    {
        foreach (var (path, tool) in ((string, string)[])[("/mcp", "up__echo"), ("/mcp/up", "echo"), ("/mcp/stdio", "echo")])
        {
            var reply = await _gateway.PostAsync(path, Rpc.Call(tool, """{"n":1}""", id));

            Assert.True(reply.Status == 200, reply.ToString());
            Assert.Equal(id, RawId(reply.Body));
            Assert.True(reply.Json.TryGetProperty("result", out _), reply.ToString());
        }

        Assert.Equal(id, RawId((await _gateway.PostAsync("/mcp", Rpc.ListTools.Replace("\"id\":1", $"\"id\":{id}", StringComparison.Ordinal))).Body));
    }

    [Fact]
    public async Task Ids_of_clients_never_reach_an_upstream_twice()
    {
        for (var i = 0; i < 5; i++)
        {
            await _gateway.PostAsync("/mcp", Rpc.Call("up__echo", """{"same":"id"}"""));
        }

        var ids = Upstream.Calls.Where(call => call.Arguments == """{"same":"id"}""").Select(call => call.Id).ToArray();
        Assert.Equal((5, 5), (ids.Length, ids.Distinct().Count()));
    }

    [Fact]
    public async Task A_request_on_many_lines_reaches_a_stdio_upstream_on_one()
    {
        var reply = await _gateway.PostAsync("/mcp/stdio", """
            {
              "jsonrpc": "2.0",
              "id": 1,
              "method": "tools/call",
              "params": { "name": "echo",
                "arguments": { "lines":
                    "a\nb", "n": [1,
                    2] } }
            }
            """);

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal("a\nb", reply.Result.GetProperty("structuredContent").GetProperty("lines").GetString());
    }

    [Theory]
    [InlineData("tools/list")]
    [InlineData("prompts/list")]
    public async Task A_list_of_one_server_is_its_own_answer(string method)
    {
        Upstream.Tools.Definitions["echo"] = $"\"inputSchema\" : {{\"type\":\"object\", \"x\" :{Odd.Replace('\n', ' ')}}}, \"vendor\":1.0";

        var reply = await _gateway.PostAsync("/mcp/up", $$"""{"jsonrpc":"2.0","id":"own","method":"{{method}}"}""");

        var expected = method == "tools/list" ? $$"""{"tools":{{Upstream.Tools.List}}{{LegacyUpstream.ListMembers}}}""" : LegacyUpstream.Prompts;
        Assert.Equal(expected, reply.Result.GetRawText());
    }

    private static string Answer(string id) =>
        $$"""{ "vendor" :1.0, "result" : { "content":[ {"type":"text" ,"text":"\u0041é"} ],"structuredContent":{{Odd}},"extra" : 1e2 } ,"id":{{id}}, "jsonrpc" : "2.0" }""";

    private static string OnOneLine(string json) => json.Replace("\n", "", StringComparison.Ordinal);

    private static string RawId(byte[] body) => JsonDocument.Parse(Encoding.UTF8.GetString(body)).RootElement.GetProperty("id").GetRawText();
}
