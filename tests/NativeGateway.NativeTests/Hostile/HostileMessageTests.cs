using System.Text;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>JSON that looks for a reader's weak spots.</summary>
public sealed class HostileMessageTests(LeanDoorGateway fixture) : IClassFixture<LeanDoorGateway>
{
    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public async Task Nesting_ten_thousand_deep_is_refused(string open, string close)
    {
        var deep = Repeat(open, 10_000) + "1" + Repeat(close, 10_000);

        await CheckRefusedAsync(deep);
        await CheckRefusedAsync(Rpc.Call("up__echo", $"{{\"deep\":{deep}}}"));
        await CheckRefusedAsync($"{{\"jsonrpc\":\"2.0\",\"unknown\":{deep},\"id\":1,\"method\":\"ping\"}}");
        await CheckRefusedAsync(Repeat(open, 500_000));
        await fixture.CheckHealthyAsync();
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__echo","name":"up__fail","arguments":{}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__echo","n\u0061me":"up__fail","arguments":{}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/list"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__echo"},"params":{"name":"up__fail"}}""")]
    [InlineData("""{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__echo","_meta":{},"_meta":{}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a:b","uri":"c:d"}}""")]
    public async Task A_member_that_decides_something_may_not_stand_twice(string body)
    {
        var calls = fixture.Upstream.Calls.Count();

        var reply = await fixture.Gateway.PostAsync("/mcp", body);

        Assert.True(reply.Status == 400, reply.ToString());
        Assert.Equal(-32600, reply.ErrorCode);
        Assert.Equal(calls, fixture.Upstream.Calls.Count());
    }

    [Fact]
    public async Task Members_in_another_case_are_not_taken_for_those_that_decide()
    {
        // A reader that ignores case would call "fail".
        var reply = await fixture.Gateway.PostAsync(
            "/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__echo","Name":"up__fail","NAME":"up__fail"}}""");

        Assert.True(reply.Status is 200 or 400, reply.ToString());
        Assert.DoesNotContain("it failed", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1e400")]
    [InlineData("1E2")]
    [InlineData("1.0")]
    [InlineData("-0.0")]
    public async Task An_id_that_is_no_integer_is_refused(string id)
    {
        await CheckRefusedAsync($$"""{"jsonrpc":"2.0","id":{{id}},"method":"ping"}""");
    }

    [Fact]
    public async Task Huge_integers_are_ids_or_are_refused_but_never_changed()
    {
        var huge = Repeat("7", 10_000);

        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo", id: huge));

        Assert.True(reply.Status is 200 or 400, reply.ToString());
        Assert.True(reply.Status == 400 || reply.Json.GetProperty("id").GetRawText() == huge);
    }

    [Fact]
    public async Task Huge_numbers_in_arguments_arrive_as_they_were_written()
    {
        var arguments = $$"""{"digits":{{Repeat("9", 10_000)}},"power":1e99999,"fraction":0.{{Repeat("3", 1_000)}}}""";

        var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__echo", arguments));

        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal(arguments, fixture.Upstream.Calls.Last(call => call.Arguments.Length > 10_000).Arguments);
    }

    [Fact]
    public async Task Names_of_every_kind_are_answered_in_order()
    {
        foreach (var name in (string[])[
            "", "__", "up__", "__echo", "up:", ":", "up__echo\\u0000", "up__" + Repeat("x", 100_000), "..\\/..\\/etc\\/passwd", "\\ud800", "\\ud83d\\ude00",
            "%s%n", "'; DROP TABLE api_keys; --", "<script>", "up__echo\\r\\nX-Injected: 1"])
        {
            var reply = await fixture.Gateway.PostAsync("/mcp", Rpc.Call(name));
            Assert.True(reply.Status is 200 or 400, $"{name}\n{reply}");
            Assert.Null(reply["X-Injected"]);
            Assert.InRange(reply.ErrorCode, -32768, -32000);
        }

        await fixture.CheckHealthyAsync();
    }

    [Theory]
    [InlineData("/mcp/..")]
    [InlineData("/mcp/../mcp")]
    [InlineData("/mcp/%2e%2e")]
    [InlineData("/mcp/%00")]
    [InlineData("/mcp/%ff%fe")]
    [InlineData("/mcp/up%2f..%2fup")]
    [InlineData("/mcp//")]
    [InlineData("/mcp/up/")]
    [InlineData("/MCP")]
    [InlineData("/mcpx")]
    [InlineData("//mcp")]
    public async Task Odd_paths_are_answered_without_harm(string path)
    {
        var reply = await fixture.Gateway.PostAsync(path, Rpc.Ping);

        Assert.True(reply.Status is 200 or (>= 400 and < 500), reply.ToString());
        Assert.DoesNotContain("Exception", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_headers_with_hostile_values_change_nothing()
    {
        var request = fixture.Call
            .Add("Mcp-Session-Id", Repeat("s", 5_000)).Add("traceparent", "00-zz").Add("X-Forwarded-For", "10.0.0.1, evil").Add("Cookie", "a=b")
            .Add("Last-Event-ID", "../../1").Add("Accept-Encoding", "gzip, br").Add("Content-Encoding", "identity");

        var reply = await fixture.Gateway.SendAsync(request.Without("Mcp-Session-Id"));
        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal(404, (await fixture.Gateway.SendAsync(request)).Status);

        var seen = fixture.Upstream.Calls.Last();
        Assert.All((string[])["Cookie", "X-Forwarded-For", "Last-Event-ID", "X-API-Key"], name => Assert.Null(seen.Head[name]));
        Assert.DoesNotContain(fixture.Gateway.AdminKey, string.Concat(seen.Head.Headers.Select(header => header.Value)), StringComparison.Ordinal);
    }

    private async Task CheckRefusedAsync(string body)
    {
        var reply = await fixture.Gateway.SendAsync(RawRequest.Post("/mcp", Encoding.UTF8.GetBytes(body)).As(fixture.Gateway.AdminKey));
        Assert.True(reply.Status == 400, reply.ToString());
        Assert.True(reply.ErrorCode is -32700 or -32600, reply.ToString());
        Assert.True(reply.Body.Length < 1_000, "A refusal must not repeat what was sent.");
    }

    private static string Repeat(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();
}
