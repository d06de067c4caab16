using System.Net.Http.Headers;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>A bug in the gateway: here what listens for refusals fails, of which the pipeline knows nothing.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private const string Planted = "planted-secret at /srv/gateway.cs:line 1";

    private FrontHarness _gateway = null!;

    public async Task InitializeAsync() => _gateway = await FrontHarness.StartWithAsync(_ => throw new InvalidOperationException(Planted));

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("POST", "/mcp")]
    [InlineData("GET", "/mcp")]
    [InlineData("DELETE", "/mcp")]
    [InlineData("GET", "/sse")]
    [InlineData("POST", "/messages?sessionId=0")]
    public async Task Its_client_gets_a_code_and_a_correlation_id_and_nothing_else(string method, string path)
    {
        using var response = await _gateway.SendAsync(new HttpMethod(method), path, method == "POST" ? Messages.Ping : null, ("Authorization", "Bearer nobody"));

        Assert.Equal(500, (int)response.StatusCode);
        Assert.Equal(new MediaTypeHeaderValue("application/json"), response.Content.Headers.ContentType);
        Assert.Matches("^[0-9a-f]{16}$", Assert.Single(response.Headers.GetValues("X-Request-Id")));
        var text = await response.Content.ReadAsStringAsync();
        Assert.Matches("""^{"jsonrpc":"2.0",("id":null,)?"error":{"code":-32603,"message":"[^"]*X-Request-Id[^"]*"}}$""", text);
        Assert.DoesNotContain("planted", text + response.Headers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_request_is_served()
    {
        Assert.Equal(500, (await _gateway.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Ping, ("Authorization", "Bearer nobody"))).Status);

        Assert.Equal(200, (await _gateway.ExchangeAsync(HttpMethod.Post, "/mcp", Messages.Ping)).Status);
    }
}
