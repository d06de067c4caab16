using System.Text.Json.Nodes;
using NativeGateway.IntegrationTests.DataPlane.Stdio;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Servers lose their sessions and end their streams; whoever is subscribed to a resource stays so.</summary>
public sealed class SubscriptionSurvivalTests
{
    private const string Listen = "subscriptions/listen";

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_subscription_is_renewed_when_the_server_has_forgotten_it(bool isServerModern, bool isClientModern)
    {
        await using var server = new ForgetfulServer(isServerModern);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        using var stream = isClientModern ? await ListenAsync(front) : await SubscribeAsync(front);
        var subscription = isServerModern ? Listen : "resources/subscribe";
        await server.Upstream.NextAsync(subscription);
        await server.UpdateAsync(1);
        await AssertUpdateAsync(stream);
        for (var renewals = 1; renewals <= 2; renewals++)
        {
            await server.ForgetAsync();

            Assert.Contains($"\"{ForgetfulServer.Uri}\"", (await server.Upstream.NextAsync(subscription)).Body, StringComparison.Ordinal);

            // What happened in between was said to nobody.
            await AssertUpdateAsync(stream);
            await server.UpdateAsync(renewals + 1);
            await AssertUpdateAsync(stream);
        }

        if (!isServerModern)
        {
            Assert.Equal(3, server.Upstream.Count("initialize"));
        }
    }

    [Theory]
    [InlineData("legacy", false)]
    [InlineData("legacy", true)]
    [InlineData("modern", false)]
    [InlineData("modern", true)]
    public async Task A_subscription_is_renewed_when_the_program_has_died(string era, bool isClientModern)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "DataPlane", "Stdio", "resource_server.py");
        await using var front = await FrontHarness.StartAsync("srv", StdioFixture.Command("python3", ["-S", "-E", script, era], null));
        using var stream = isClientModern ? await ListenAsync(front) : await SubscribeAsync(front);
        Assert.Equal(200, (await front.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Call("srv__update"))).Status);
        await AssertUpdateAsync(stream);

        Assert.Equal(502, (await front.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Call("srv__die"))).Status);

        // Nobody calls: the subscription itself brings the program back.
        await AssertUpdateAsync(stream);
        Assert.Equal(200, (await front.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Call("srv__update"))).Status);
        await AssertUpdateAsync(stream);
    }

    [Fact]
    public async Task What_nobody_wants_any_more_is_not_renewed()
    {
        await using var server = new ForgetfulServer(isModern: false);
        await using var front = await FrontHarness.StartAsync(("srv", server.Url));
        var session = ("Mcp-Session-Id", await front.OpenSessionAsync("2025-11-25"));
        await front.ExchangeAsync(HttpMethod.Post, "/mcp", Request("resources/subscribe"), session);
        await front.ExchangeAsync(HttpMethod.Post, "/mcp", Request("resources/unsubscribe"), session);
        Assert.Equal(1, server.Upstream.Count("resources/unsubscribe"));
        await server.UpdateAsync(1);

        await server.ForgetAsync();
        await server.UpdateAsync(2);
        await front.ExchangeAsync(HttpMethod.Post, "/mcp", Request("resources/subscribe"), session);

        Assert.Equal(2, server.Upstream.Count("resources/subscribe"));
    }

    private static async Task AssertUpdateAsync(EventStream stream)
    {
        var update = JsonNode.Parse(await stream.NextMessageAsync())!;
        Assert.Equal("notifications/resources/updated", (string?)update["method"]);
        Assert.Equal("srv+" + ForgetfulServer.Uri, (string?)update["params"]!["uri"]);
    }

    private static async Task<EventStream> ListenAsync(FrontHarness front)
    {
        var body = Messages.Modern(Listen, $$"""" "notifications":{"resourceSubscriptions":["srv+{{ForgetfulServer.Uri}}"]} """");
        var stream = await front.StreamAsync(HttpMethod.Post, "/mcp", body, Messages.Headers(Listen));
        Assert.Contains("acknowledged", await stream.NextMessageAsync(), StringComparison.Ordinal);
        return stream;
    }

    private static async Task<EventStream> SubscribeAsync(FrontHarness front)
    {
        var session = ("Mcp-Session-Id", await front.OpenSessionAsync("2025-11-25"));
        var (status, text) = await front.ExchangeAsync(HttpMethod.Post, "/mcp", Request("resources/subscribe"), session);
        Assert.Equal(200, status);
        Assert.Contains("\"result\"", text, StringComparison.Ordinal);
        return await front.StreamAsync(HttpMethod.Get, "/mcp", null, session);
    }

    private static string Request(string method) =>
        $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{method}}}","params":{"uri":"srv+{{{ForgetfulServer.Uri}}}"}}""";
}
