using NativeGateway.NativeTests.Faults;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>Whose bucket is empty is said in the refusal; and the documented limits that no other test of this folder shows.</summary>
public sealed class ScopeTests : IAsyncLifetime
{
    private const string OneCall = """{ "requestsPerMinute": 1, "burst": 1 }""";

    private GatewayProcess _gateway = null!;

    private string _tooled = "";

    private LegacyUpstream Upstream { get; } = new();

    public async Task InitializeAsync()
    {
        _tooled = (await TestKeys.GetAsync())[0];
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers =
            [
                ("up", GatewayConfig.Entry(Upstream)),
                ("rare", GatewayConfig.Entry(Upstream, $", \"limits\": {OneCall}")),
                ("narrow", GatewayConfig.Entry(Upstream, """, "limits": { "maxConcurrent": 1 }""")),
            ],
            Keys = [GatewayConfig.Key(_tooled, $", \"toolLimits\": {{ \"echo\": {OneCall} }}")],
        });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Fact]
    public async Task The_bucket_of_a_tool_is_its_own()
    {
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"), _tooled)).Status);

        CheckScope(await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"), _tooled), "tool");
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("up__fail"), _tooled)).Status);
    }

    [Fact]
    public async Task The_bucket_of_a_server_is_its_own()
    {
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("rare__echo"))).Status);

        CheckScope(await _gateway.PostAsync("/mcp", Rpc.Call("rare__fail")), "server");
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);
    }

    [Fact]
    public async Task The_bucket_of_an_organization_is_that_of_all_its_keys()
    {
        var other = await _gateway.CreateKeyAsync("other");
        var list = await _gateway.SendAsync(RawRequest.Bare("GET", "/api/v1/organizations").As(_gateway.AdminKey));
        var body = System.Text.Encoding.UTF8.GetBytes($"{{\"limits\":{OneCall}}}");
        var changed = await _gateway.SendAsync(
            RawRequest.Bare("PATCH", $"/api/v1/organizations/{list.Json.GetProperty("items")[0].GetProperty("id").GetString()}")
                .WithBody(body).With("Content-Type", "application/json").With("If-Match", "*").As(_gateway.AdminKey));
        Assert.True(changed.Status == 200, changed.ToString());

        await Until.Async(() => _gateway.PostAsync("/mcp", Rpc.Call("up__echo")), reply => reply.Status == 429);
        CheckScope(await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"), other), "organization");
    }

    [Fact]
    public async Task A_server_that_has_all_the_calls_that_it_takes_lets_others_wait_a_little()
    {
        using var busy = await _gateway.ConnectAsync();
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("narrow__echo"))).Status);
        var running = Upstream.Tools.ReceivedAsync("gated");
        await busy.WriteAsync(RawRequest.Post("/mcp", Rpc.Call("narrow__gated")).As(_gateway.AdminKey).ToBytes(_gateway.Port));
        await running;

        var refused = await _gateway.PostAsync("/mcp", Rpc.Call("narrow__echo", """{"marker":"body-marker"}"""));
        Refusal.Check(refused, 503, -32015, "body-marker", _gateway.AdminKey, $":{Upstream.Port}");
        Assert.NotNull(refused["Retry-After"]);
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);

        Upstream.Tools.Gate.SetResult();
        Assert.Equal(200, (await busy.ReadReplyAsync()).Status);
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.Call("narrow__echo"))).Status);
    }

    [Theory]
    [InlineData("/api/v1/workspaces", 256 * 1024)]
    [InlineData("/api/v1/servers/import", 4 * 1024 * 1024)]
    public async Task The_body_of_an_administration_request_is_bounded(string path, int limit)
    {
        var padding = new string('p', limit);
        var refused = await _gateway.PostAsync(path, $$"""{"name":"{{padding}}"}""");
        Assert.True(refused.Status == 413, refused.ToString());

        // Within the bound it is read, and refused for what it says.
        Assert.Equal(422, (await _gateway.PostAsync(path, $$"""{"name":"{{padding[..(limit / 2)]}}"}""")).Status);
    }

    private static void CheckScope(Reply refused, string scope)
    {
        Refusal.Check(refused, 429, -32012);
        Assert.Equal(scope, refused.Json.GetProperty("error").GetProperty("data").GetProperty("scope").GetString());
        Assert.NotNull(refused["Retry-After"]);
    }
}
