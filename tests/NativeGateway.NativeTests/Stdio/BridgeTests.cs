using NativeGateway.NativeTests.Revisions;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Stdio;

/// <summary><c>native-gateway stdio --url</c> before a running gateway: as if the client spoke to it over HTTP.</summary>
public sealed class BridgeTests(RevisionGateway fixture) : IClassFixture<RevisionGateway>
{
    [Theory]
    [InlineData("2024-11-05")]
    [InlineData("2025-03-26")]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task A_legacy_client_lists_and_calls(string version)
    {
        await using var client = Bridge();

        var initialized = await client.AskAsync(Rpc.Initialize(version));
        await client.SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");

        Assert.Equal(version, initialized.GetProperty("result").GetProperty("protocolVersion").GetString());
        Assert.Contains("\"modern__echo\"", (await client.AskAsync(Rpc.ListTools)).GetRawText(), StringComparison.Ordinal);
        var answer = await client.AskAsync(Rpc.Call("legacy__echo", """{"n":1.50}""", "\"own id\""), "\"own id\"");
        Assert.Equal("""{"n":1.50}""", answer.GetProperty("result").GetProperty("structuredContent").GetRawText());
        client.CloseInput();
        Assert.Equal(0, await client.ExitAsync());
    }

    [Fact]
    public async Task A_modern_client_lists_and_calls()
    {
        await using var client = Bridge();

        Assert.Contains("supportedVersions", (await client.AskAsync(Lines.Modern("server/discover"))).GetRawText(), StringComparison.Ordinal);
        Assert.Contains("\"modern__mirrored\"", (await client.AskAsync(Lines.Modern("tools/list"))).GetRawText(), StringComparison.Ordinal);
        var answer = await client.AskAsync(Lines.ModernCall("modern__mirrored", """{"region":"Köln"}""", "2"), "2");
        Assert.Equal("""{"region":"Köln"}""", answer.GetProperty("result").GetProperty("structuredContent").GetRawText());
        Assert.Equal(-32602, (await client.AskAsync(Lines.ModernCall("no__such"))).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Questions_and_progress_come_through()
    {
        await using var client = Bridge();
        await client.InitializeAsync(capabilities: """{"elicitation":{}}""");

        await client.SendAsync(Rpc.Call("legacy__ask", id: "5"));
        var question = await client.SaidAsync("elicitation/create");
        await client.SendAsync(Lines.Accept(question, "tulip"));
        Assert.Contains("tulip", (await client.AnswerAsync("5")).GetProperty("result").GetRawText(), StringComparison.Ordinal);

        await client.SendAsync(Lines.CallWithProgress("legacy__steps", "6"));
        Assert.Equal(1, (await client.SaidAsync("notifications/progress")).GetProperty("params").GetProperty("progress").GetInt32());
        await client.AnswerAsync("6");
    }

    [Fact]
    public async Task Changed_lists_are_announced_in_each_eras_way()
    {
        await using var client = Bridge();
        await client.InitializeAsync();
        await client.SendAsync(Lines.Modern("subscriptions/listen", "\"sub\"", """ "notifications":{"toolsListChanged":true} """));
        await client.SaidAsync("notifications/subscriptions/acknowledged");
        await fixture.Legacy.HasStream;

        fixture.Legacy.Tools["brand_new"] = fixture.Legacy.Tools["echo"];
        await fixture.Legacy.AnnounceAsync("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

        await client.SaidAsync("notifications/tools/list_changed");
        await client.SaidAsync("notifications/tools/list_changed");
        client.CloseInput();
        Assert.Equal(0, await client.ExitAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_call_is_never_answered(bool isModern)
    {
        await using var client = Bridge();
        await client.InitializeAsync();
        var before = fixture.Legacy.Calls.Count(call => call.Tool == "hang");
        var arrived = fixture.Legacy.Tools.ReceivedAsync("hang", before + 1);

        await client.SendAsync(isModern ? Lines.ModernCall("legacy__hang", id: "9") : Rpc.Call("legacy__hang", id: "9"));
        await arrived;
        await client.SendAsync(Lines.Cancel("9"));
        await fixture.Legacy.CancelledAsync(fixture.Legacy.Calls.Last(call => call.Tool == "hang"));
        client.CloseInput();

        Assert.Equal(0, await client.ExitAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.AnswerAsync("9"));
    }

    [Fact]
    public async Task A_key_that_the_gateway_does_not_accept_is_told_and_never_shown()
    {
        await using var wrong = StdioClient.Bridge(fixture.Gateway.Url + "/mcp", fixture.Gateway.AdminKey[..^1] + "!");
        await using var none = StdioClient.Bridge(fixture.Gateway.Url + "/mcp");

        var refused = (await wrong.AskAsync(Rpc.Initialize("2025-11-25"))).GetProperty("error");
        var demanded = (await none.AskAsync(Lines.Modern("server/discover"))).GetProperty("error");

        Assert.Equal((-32010, -32010), (refused.GetProperty("code").GetInt32(), demanded.GetProperty("code").GetInt32()));
        Assert.Contains("check --api-key or NATIVE_GATEWAY_API_KEY", refused.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("give it with --api-key", demanded.GetProperty("message").GetString(), StringComparison.Ordinal);
        wrong.CloseInput();
        Assert.Equal(0, await wrong.ExitAsync());
        Assert.DoesNotContain(fixture.Gateway.AdminKey[..^1], refused.GetRawText() + wrong.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_calls_at_once_get_their_own_answers()
    {
        await using var client = Bridge();
        await client.InitializeAsync();

        foreach (var number in Enumerable.Range(0, 50))
        {
            await client.SendAsync(Rpc.Call("legacy__echo", $$"""{"n":{{number}}}""", $"\"call {number}\""));
        }

        foreach (var number in Enumerable.Range(0, 50).Reverse())
        {
            var answer = await client.AnswerAsync($"\"call {number}\"");
            Assert.Equal($$"""{"n":{{number}}}""", answer.GetProperty("result").GetProperty("structuredContent").GetRawText());
        }
    }

    private StdioClient Bridge() => StdioClient.Bridge(fixture.Gateway.Url + "/mcp", fixture.Gateway.AdminKey);
}
