using System.Net;
using System.Text.Json;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>Numbers of which the documents say how large they may be.</summary>
public abstract partial class AdminContract
{
    [Fact]
    public async Task An_organization_has_twenty_webhooks_at_most()
    {
        for (var i = 0; i < 20; i++)
        {
            await CreatedAsync("/webhooks", Hook.Replace("chat", $"chat-{i}", StringComparison.Ordinal));
        }

        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PostAsync("/webhooks", Hook)).Status);
    }

    [Fact]
    public async Task A_server_has_thirty_two_endpoints_at_most()
    {
        await CreatedAsync("/servers", WithEndpoints(32));

        var refused = await Instance.PostAsync("/servers", WithEndpoints(33));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal(["/endpoints"], refused.Pointers);

        static string WithEndpoints(int count) => JsonSerializer.Serialize(
            new { name = $"s{count}", disabled = true, endpoints = Enumerable.Range(0, count).Select(i => new { url = $"https://s{i}.example.com/mcp" }) });
    }

    [Fact]
    public async Task The_eleventh_session_of_a_user_ends_its_oldest()
    {
        await JoinAsync(Instance, "ann@example.com", "viewer");
        var browsers = new List<AdminClient>();
        for (var i = 0; i < 10; i++)
        {
            browsers.Add((await SignInAsync("ann@example.com")).Browser);
        }

        Assert.Equal(HttpStatusCode.OK, (await browsers[0].GetAsync("/session")).Status);
        await SignInAsync("ann@example.com");

        Assert.Equal(HttpStatusCode.Unauthorized, (await browsers[0].GetAsync("/session")).Status);
        Assert.Equal(HttpStatusCode.OK, (await browsers[1].GetAsync("/session")).Status);
    }
}
