using System.Text.Json;
using NativeGateway.NativeTests.Pipeline;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Revisions;

/// <summary>Every check of a 2026-07-28 request, and the order in which they are made: of two faults the earlier one is told.</summary>
public sealed class ModernChecksTests(RevisionGateway fixture) : IClassFixture<RevisionGateway>
{
    /// <summary>A call with a fault in every check from the eleventh on: each earlier fault must win over all of these.</summary>
    private static RawRequest WithLaterFaults => Call(Rpc.Meta("2099-01-01", ""","io.modelcontextprotocol/logLevel":"shout" """.Trim()), "initialize")
        .With("MCP-Protocol-Version", "2099-01-01").With("Mcp-Method", "other").With("Mcp-Name", "other");

    [Fact]
    public async Task A_complete_request_passes()
    {
        var reply = await SendAsync(Rpc.ModernCall("/mcp", "legacy__echo", """{"n":1}"""));

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal("complete", reply.Result.GetProperty("resultType").GetString());
    }

    [Fact]
    public async Task Check_1_Origin_and_2_key_come_first()
    {
        Assert.Equal(403, (await fixture.Gateway.SendAsync(WithLaterFaults.With("Origin", "http://evil.example.com").Without("Authorization"))).Status);
        Refusal.CheckUnauthenticated(await fixture.Gateway.SendAsync(WithLaterFaults.With("Accept", "text/html")));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Check_3_only_POST_is_offered(string method)
    {
        var reply = await SendAsync(RawRequest.Bare(method, "/mcp").With("MCP-Protocol-Version", Rpc.Modern).With("Accept", "text/html"));

        Assert.Equal(405, reply.Status);
        Assert.Equal("POST", reply["Allow"]);
    }

    [Fact]
    public async Task Check_4_the_client_must_be_able_to_read_an_answer()
    {
        Assert.Equal(406, (await SendAsync(WithLaterFaults.With("Accept", "text/html"))).Status);
        Assert.Equal(200, (await SendAsync(Rpc.ModernCall("/mcp", "legacy__echo").With("Accept", "*/*"))).Status);
    }

    [Fact]
    public async Task Check_5_the_body_must_be_declared_as_JSON()
    {
        Assert.Equal(415, (await SendAsync(WithLaterFaults.With("Content-Type", "text/plain"))).Status);
    }

    [Theory]
    [InlineData("not json", -32700)]
    [InlineData("[]", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":1}""", -32600)]
    public async Task Check_6_the_body_is_one_request_or_notification(string body, int code)
    {
        Refusal.Check(await SendAsync(RawRequest.Post("/mcp", body).With("MCP-Protocol-Version", Rpc.Modern)), 400, code);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("1.5")]
    [InlineData("{}")]
    public async Task Check_7_the_id_is_a_string_or_an_integer(string id)
    {
        Refusal.Check(await SendAsync(Rpc.ModernRequest("/mcp", "initialize", id: id).Without("MCP-Protocol-Version")), 400, -32600);
    }

    [Fact]
    public async Task Check_8_the_version_header_is_present()
    {
        const string WithoutCapabilities = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2099-01-01\"}";

        Refusal.Check(await SendAsync(Call(WithoutCapabilities).Without("MCP-Protocol-Version")), 400, -32020);
    }

    [Theory]
    [InlineData("\"_meta\":{}")]
    [InlineData("\"arguments\":{}")]
    [InlineData("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2099-01-01\"}")]
    [InlineData("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}")]
    [InlineData("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":7,\"io.modelcontextprotocol/clientCapabilities\":{}}")]
    [InlineData("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":[]}")]
    [InlineData("\"_meta\":{\"io.modelcontextprotocol/clientCapabilities\":{}}")]
    public async Task Check_9_the_envelope_is_complete(string meta)
    {
        var reply = await SendAsync(Call(meta).With("Mcp-Method", "other"));

        Refusal.Check(reply, 400, -32602);
        Assert.Equal(1, reply.Json.GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task Check_10_header_and_envelope_name_the_same_revision()
    {
        Refusal.Check(await SendAsync(Call(Rpc.Meta("v999.0.0"))), 400, -32020);
        Refusal.Check(await SendAsync(Call(Rpc.Meta("2025-11-25"))), 400, -32020);
        Refusal.Check(await SendAsync(Call(Rpc.Meta()).With("MCP-Protocol-Version", "2025-11-25")), 400, -32020);
    }

    [Theory]
    [InlineData("2099-01-01")]
    [InlineData("v999.0.0")]
    [InlineData("2025-11-25")]
    public async Task Check_11_the_revision_is_supported(string version)
    {
        var reply = await SendAsync(Call(Rpc.Meta(version), "initialize").With("MCP-Protocol-Version", version).With("Mcp-Method", "other"));

        Refusal.Check(reply, 400, -32022);
        Assert.Equal(
            $$"""{"supported":["2026-07-28"],"requested":"{{version}}"}""", reply.Json.GetProperty("error").GetProperty("data").GetRawText());
    }

    [Theory]
    [InlineData("initialize")]
    [InlineData("ping")]
    [InlineData("logging/setLevel")]
    [InlineData("resources/subscribe")]
    [InlineData("resources/unsubscribe")]
    [InlineData("tasks/list")]
    [InlineData("no/such/method")]
    public async Task Check_12_the_method_exists_in_this_revision(string method)
    {
        var reply = await SendAsync(Rpc.ModernRequest("/mcp", method, id: "\"m\""));
        Refusal.Check(reply, 404, -32601);
        Assert.Equal("m", reply.Json.GetProperty("id").GetString());

        Refusal.Check(await SendAsync(Rpc.ModernRequest("/mcp", method).With("Mcp-Method", "other")), 404, -32601);
    }

    [Fact]
    public async Task Check_13_the_mirrored_headers_agree_with_the_body()
    {
        var call = Rpc.ModernCall("/mcp", "legacy__echo");
        foreach (var request in (RawRequest[])
            [
                call.Without("Mcp-Method"), call.With("Mcp-Method", "tools/list"), call.With("Mcp-Method", "TOOLS/CALL"), call.With("Mcp-Method", ""),
                call.Without("Mcp-Name"), call.With("Mcp-Name", "legacy__fail"), call.With("Mcp-Name", "LEGACY__ECHO"), call.Add("Mcp-Name", "legacy__echo"),
                call.With("Mcp-Name", "=?base64?bGVnYWN5X19mYWls?="), call.With("Mcp-Name", "=?base64?bGVnYWN5X19lY2hv"), call.With("Mcp-Name", "=?base64?***?="),
                call.With("Mcp-Name", "=?BASE64?bGVnYWN5X19lY2hv?="),
            ])
        {
            Refusal.Check(await SendAsync(request), 400, -32020);
        }
    }

    [Fact]
    public async Task Mirrored_names_may_be_written_in_base64_and_between_spaces()
    {
        var call = Rpc.ModernCall("/mcp", "legacy__echo");

        Assert.Equal(200, (await SendAsync(call.With("Mcp-Name", Rpc.Sentinel("legacy__echo")))).Status);
        Assert.Equal(200, (await SendAsync(call.With("Mcp-Name", "  legacy__echo\t"))).Status);
        Assert.Equal(200, (await SendAsync(call.Without("Mcp-Name").Add("mcp-name", "legacy__echo"))).Status);
    }

    [Fact]
    public async Task Names_beyond_ASCII_are_mirrored_in_base64()
    {
        fixture.Legacy.Tools["größe"] = fixture.Legacy.Tools["echo"];
        var reply = await SendAsync(Rpc.ModernRequest("/mcp/legacy", "tools/call", "\"name\":\"gr\\u00f6ße\"", Rpc.Sentinel("größe")));

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.True(reply.Json.TryGetProperty("result", out _), reply.ToString());
    }

    [Fact]
    public async Task Check_14_mirrored_arguments_agree_with_the_body()
    {
        var call = Rpc.ModernCall("/mcp", "modern__mirrored", """{"region":"eu"}""");

        Refusal.Check(await SendAsync(call), 400, -32020);
        Refusal.Check(await SendAsync(call.With("Mcp-Param-Region", "us")), 400, -32020);
        var reply = await SendAsync(call.With("Mcp-Param-Region", "eu"));
        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal("eu", fixture.Modern.Calls.Last(seen => seen.Tool == "mirrored").Head["Mcp-Param-Region"]);
    }

    [Fact]
    public async Task Check_15_a_capability_that_the_upstream_misses_is_told_by_status()
    {
        var reply = await SendAsync(Rpc.ModernCall("/mcp", "modern__sampling"));

        Refusal.Check(reply, 400, -32021);
        var data = reply.Json.GetProperty("error").GetProperty("data").GetProperty("requiredCapabilities");
        Assert.Equal(JsonValueKind.Object, data.GetProperty("sampling").ValueKind);
    }

    [Fact]
    public async Task Check_16_the_log_level_is_one()
    {
        var meta = Rpc.Meta(more: ""","io.modelcontextprotocol/logLevel":"shout" """.Trim());

        var reply = await SendAsync(Call(meta));

        Assert.Equal(-32602, reply.ErrorCode);
        Assert.True(reply.Status is 200 or 400, reply.ToString());
    }

    private static RawRequest Call(string meta, string method = "tools/call") =>
        Rpc.ModernRequest("/mcp", method, "\"name\":\"legacy__echo\"", "legacy__echo", meta: meta);

    private Task<Reply> SendAsync(RawRequest request) => fixture.Gateway.SendAsync(request.As(fixture.Gateway.AdminKey));
}
