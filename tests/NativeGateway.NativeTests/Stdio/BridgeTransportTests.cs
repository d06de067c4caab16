using System.Text.Json;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Stdio;

/// <summary>The bridge before scripted endpoints: bytes, headers, sessions, and connections that break.</summary>
public sealed class BridgeTransportTests
{
    [Fact]
    public async Task Every_message_passes_as_it_was_written()
    {
        const string Answer = """{ "id" :"\u0031", "jsonrpc":"2.0","result":{"content":[], "vendor" : 1.50e0,"\u00e4":[ ] } }""";
        const string Call = """{"vendor": 7.0, "jsonrpc":"2.0","params":{"name":"exact","arguments":{ "n" : 1.0E+2 }},"id":"\u0031","method":"tools/call"}""";
        await using var endpoint = new LegacyUpstream();
        endpoint.Tools.Exact = (_, reply) => reply.JsonAsync(Answer);
        await using var client = StdioClient.Bridge(endpoint.Url);
        await client.InitializeAsync();

        await client.SendAsync(Call);

        Assert.Equal(Answer, await client.LineAsync(message => message.TryGetProperty("result", out _)));
        Assert.Equal(Call, Assert.Single(endpoint.Calls).Text);
    }

    [Fact]
    public async Task Modern_messages_are_mirrored_in_headers()
    {
        await using var endpoint = new ModernUpstream();
        await using var client = StdioClient.Bridge(endpoint.Url, "secret");
        await client.AskAsync(Lines.Modern("tools/list"));

        await client.AskAsync(Lines.ModernCall("mirrored", """{"region":"eu west"}"""));

        var head = Assert.Single(endpoint.Calls).Head;
        Assert.Equal(
            ("2026-07-28", "tools/call", "mirrored", "eu west", "Bearer secret"),
            (head["MCP-Protocol-Version"], head["Mcp-Method"], head["Mcp-Name"], head["Mcp-Param-Region"], head["Authorization"]));
        Assert.Null(head["Mcp-Session-Id"]);
    }

    [Fact]
    public async Task A_session_lasts_until_the_end_of_input()
    {
        await using var endpoint = new LegacyUpstream();
        await using var client = StdioClient.Bridge(endpoint.Url);
        await client.InitializeAsync();
        await client.AskAsync(Rpc.ListTools);
        await endpoint.HasStream;
        await endpoint.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
        await client.SaidAsync("notifications/tools/list_changed");
        client.CloseInput();

        Assert.Equal(0, await client.ExitAsync());
        var sessions = endpoint.Requests.Where(request => request.Method != "initialize").Select(request => request.Head["Mcp-Session-Id"]).Distinct();
        Assert.NotNull(Assert.Single(sessions));
        Assert.Equal("DELETE", endpoint.Requests.Last().HttpMethod);
        Assert.All(endpoint.Requests.Where(request => request.Method == "tools/list"), list => Assert.Equal("2025-11-25", list.Head["MCP-Protocol-Version"]));
    }

    [Fact]
    public async Task A_lost_session_is_opened_anew_without_the_client_noticing()
    {
        await using var endpoint = new LegacyUpstream();
        await using var client = StdioClient.Bridge(endpoint.Url);
        await client.InitializeAsync();
        Assert.True((await client.AskAsync(Rpc.Call("echo"))).TryGetProperty("result", out _));

        endpoint.ForgetSessions();

        Assert.True((await client.AskAsync(Rpc.Call("echo"))).TryGetProperty("result", out _));
        Assert.Equal(2, endpoint.Requests.Count(request => request.Method == "initialize"));
        Assert.False(client.HasSaid(_ => true), "The second handshake is none of the client's business.");
    }

    [Fact]
    public async Task An_endpoint_that_is_killed_is_told_and_found_again()
    {
        await using var endpoint = new LegacyUpstream();
        await using var client = StdioClient.Bridge(endpoint.Url);
        await client.InitializeAsync();
        var arrived = endpoint.Tools.ReceivedAsync("hang");
        await client.SendAsync(Rpc.Call("hang", id: "3"));
        await arrived;

        await endpoint.StopAsync();
        Assert.Equal(-32013, Code(await client.AnswerAsync("3")));
        var refused = await client.AskAsync(Rpc.ListTools, "1");
        Assert.Equal(-32013, Code(refused));
        Assert.Contains($"127.0.0.1:{endpoint.Port} cannot be reached", refused.GetRawText(), StringComparison.Ordinal);

        endpoint.ForgetSessions();
        endpoint.Start();
        Assert.True((await client.AskAsync(Rpc.Call("echo", id: "4"), "4")).TryGetProperty("result", out _));
    }

    [Fact]
    public async Task A_broken_event_stream_is_taken_up_again()
    {
        await using var endpoint = new LegacyUpstream();
        var id = "";
        endpoint.Tools["breaks"] = async (request, reply) =>
        {
            id = request.Id!;
            await reply.BeginStreamAsync();
            await reply.PrimeAsync("7-1");
            await reply.EventAsync("""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"before"}}""");
            await endpoint.Tools.Gate.Task.WaitAsync(TestTime.Limit);
            reply.Drop();
        };
        endpoint.Resume = async reply =>
        {
            await reply.BeginStreamAsync();
            await reply.EventAsync($$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{"content":[]} }""");
            await reply.EndStreamAsync();
        };
        await using var client = StdioClient.Bridge(endpoint.Url);
        await client.InitializeAsync();

        await client.SendAsync(Rpc.Call("breaks", id: "8"));
        await client.SaidAsync("notifications/message");
        endpoint.Tools.Gate.SetResult();

        Assert.True((await client.AnswerAsync("8")).TryGetProperty("result", out _));
        Assert.Contains(endpoint.Requests, request => request.Head["Last-Event-ID"] == "7-1");
    }

    [Theory]
    [InlineData("drop")]
    [InlineData("half")]
    [InlineData("garbage")]
    public async Task A_broken_answer_becomes_an_error_of_its_request(string tool)
    {
        await using var endpoint = new LegacyUpstream();
        await using var client = StdioClient.Bridge(endpoint.Url);
        await client.InitializeAsync();

        Assert.Equal(-32013, Code(await client.AskAsync(Rpc.Call(tool, id: "\"mine\""), "\"mine\"")));
        Assert.True((await client.AskAsync(Rpc.Call("echo"))).TryGetProperty("result", out _));
    }

    [Fact]
    public async Task What_is_no_message_is_refused_here()
    {
        await using var endpoint = new LegacyUpstream();
        await using var client = StdioClient.Bridge(endpoint.Url);

        Assert.Equal(-32700, Code(await client.AskAsync("garbage", "null")));
        Assert.Equal(-32600, Code(await client.AskAsync("""{"jsonrpc":"2.0","id":3}""", "3")));
        Assert.Empty(endpoint.Requests);
    }

    [Fact]
    public async Task A_wrong_address_is_told_with_what_to_look_at()
    {
        await using var closed = StdioClient.Bridge(ClosedPort.Url);
        var refused = (await closed.AskAsync(Rpc.Initialize("2025-11-25"))).GetProperty("error");
        Assert.Contains("is --url right?", refused.GetProperty("message").GetString(), StringComparison.Ordinal);

        await using var nowhere = StdioClient.Bridge("not an address");
        Assert.Equal(78, await nowhere.ExitAsync());
        await nowhere.Log.LineAsync(line => line.Contains("--url: must be", StringComparison.Ordinal));
    }

    private static int Code(JsonElement answer) => answer.GetProperty("error").GetProperty("code").GetInt32();
}
