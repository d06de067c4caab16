using System.Text;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>Size and form of what is sent.</summary>
public sealed class MessageTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    [Fact]
    public async Task A_body_that_announces_too_much_is_refused_before_it_is_sent()
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        var request = RawRequest.Post("/mcp", "").As(fixture.Plain);

        await connection.WriteAsync(request.HeadBytes(fixture.Gateway.Port, PipelineGateway.MaxRequestBytes + 1));

        Refusal.Check(await connection.ReadReplyAsync(), 413, -32016);
    }

    [Fact]
    public async Task A_chunked_body_is_refused_as_soon_as_it_is_too_large()
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(RawRequest.Post("/mcp", "").As(fixture.Plain).HeadBytes(fixture.Gateway.Port, "Transfer-Encoding: chunked"));
        await connection.WriteAsync("10001\r\n"u8.ToArray());
        await connection.WriteAsync(new byte[PipelineGateway.MaxRequestBytes + 1]);
        await connection.WriteAsync("\r\n"u8.ToArray());

        Refusal.Check(await connection.ReadReplyAsync(), 413, -32016);
    }

    [Fact]
    public async Task A_body_of_exactly_the_limit_passes()
    {
        var frame = Rpc.Call("up__echo", """{"padding":""}""");
        var body = frame.Replace("\"padding\":\"", "\"padding\":\"" + new string('p', PipelineGateway.MaxRequestBytes - frame.Length), StringComparison.Ordinal);

        Assert.Equal(PipelineGateway.MaxRequestBytes, body.Length);
        Assert.Equal(200, (await fixture.Gateway.PostAsync("/mcp", body, fixture.Plain)).Status);
    }

    [Fact]
    public async Task The_size_is_judged_before_the_key()
    {
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(RawRequest.Post("/mcp", "").HeadBytes(fixture.Gateway.Port, PipelineGateway.MaxRequestBytes + 1));

        Refusal.Check(await connection.ReadReplyAsync(), 413, -32016);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("secret-body")]
    [InlineData("{")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"} trailing""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping",}""")]
    [InlineData("""{'jsonrpc':'2.0','id':1,'method':'ping'}""")]
    [InlineData("""{"jsonrpc":"2.0","id":01,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":NaN,"method":"ping"}""")]
    public async Task What_is_not_JSON_is_refused(string body)
    {
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", body, fixture.Plain), 400, -32700, "secret-body", fixture.Plain);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("""{"id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"1.0","id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":2.0,"id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":7}""")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":true,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":"text"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}""")]
    public async Task JSON_that_is_no_message_of_MCP_is_refused(string body)
    {
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", body, fixture.Plain), 400, -32600, fixture.Plain);
    }

    [Fact]
    public async Task The_message_is_judged_before_permission_and_limits()
    {
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp", "not json", fixture.OneCall), 400, -32700);
        Refusal.Check(await fixture.Gateway.PostAsync("/mcp/up", "not json", fixture.OneCall), 400, -32700);
    }

    [Fact]
    public async Task A_refusal_carries_the_id_of_its_request_when_that_can_be_read()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("fail", id: "\"my-id\"").Replace("\"2.0\"", "\"1.0\"", StringComparison.Ordinal), fixture.Plain);

        Refusal.Check(reply, 400, -32600);
        Assert.Equal("my-id", reply.Json.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_refusal_of_an_unreadable_message_has_no_id()
    {
        var reply = await fixture.Gateway.PostAsync("/mcp", "not json", fixture.Plain);

        Assert.False(reply.Json.TryGetProperty("id", out var id) && id.ValueKind != System.Text.Json.JsonValueKind.Null, reply.ToString());
    }

    [Fact]
    public async Task Invalid_UTF_8_is_refused_wherever_it_stands()
    {
        var good = Encoding.UTF8.GetBytes(Rpc.Call("up__echo", """{"text":"x"}"""));
        var at = Array.LastIndexOf(good, (byte)'x');
        foreach (var bad in (byte[][])[[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC3]])
        {
            byte[] body = [.. good[..at], .. bad, .. good[(at + 1)..]];
            Refusal.Check(await fixture.Gateway.SendAsync(RawRequest.Post("/mcp", body).As(fixture.Plain)), 400, -32700);
        }
    }
}
