using System.Net;
using NativeGateway.NativeTests.Faults;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>An organization's allow-list counts for calls and administration alike, and only trusted proxies say who a caller is.</summary>
public sealed class CallerAddressTests : IAsyncLifetime
{
    private static readonly IPAddress Stranger = IPAddress.Parse("127.0.0.1");
    private static readonly IPAddress Proxy = IPAddress.Parse("127.78.0.1");

    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig { More = """, "network": { "trustedProxies": ["127.78.0.0/16"] }""" });
        var list = await _gateway.SendAsync(RawRequest.Bare("GET", "/api/v1/organizations").As(_gateway.AdminKey));
        var id = list.Json.GetProperty("items")[0].GetProperty("id").GetString();
        var changed = await _gateway.SendAsync(
            Patch($"/api/v1/organizations/{id}", """{"allowedNetworks":["203.0.113.0/24","2001:db8:7::/48"]}""").As(_gateway.AdminKey));
        Assert.True(changed.Status == 200, changed.ToString());
        await Until.Async(() => AskAsync(Stranger, "/mcp"), reply => reply.Status == 403);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("203.0.113.7")]
    [InlineData("198.51.100.9, 203.0.113.7")]
    [InlineData("198.51.100.9, 203.0.113.7, 127.78.0.2")]
    [InlineData("203.0.113.7:4711")]
    [InlineData("2001:db8:7::9")]
    [InlineData("[2001:db8:7::9]")]
    [InlineData("[2001:db8:7::9]:4711")]
    [InlineData("::ffff:203.0.113.7")]
    public async Task An_address_on_the_list_passes_behind_a_trusted_proxy(string forwardedFor)
    {
        await CheckAsync(Proxy, 200, ("X-Forwarded-For", forwardedFor));
    }

    [Theory]
    [InlineData("")]
    [InlineData("198.51.100.9")]
    [InlineData("203.0.113.7, 198.51.100.9")]
    [InlineData("203.0.113.7, 198.51.100.9, 127.78.0.2")]
    [InlineData("203.0.113.7, 127.0.0.1")]
    [InlineData("203.0.113.7, unknown")]
    [InlineData("203.0.113.7, not an address")]
    [InlineData("203.0.113.7;198.51.100.9")]
    [InlineData("3405803783")]
    [InlineData("0xcb007107")]
    [InlineData("203.0.113.07")]
    [InlineData("203.0.28935")]
    [InlineData("2001:db8:8::9")]
    public async Task Any_other_is_refused(string forwardedFor)
    {
        await CheckAsync(Proxy, 403, ("X-Forwarded-For", forwardedFor));
    }

    [Fact]
    public async Task Of_several_headers_the_last_one_counts()
    {
        await CheckAsync(Proxy, 403, ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "198.51.100.9"));
        await CheckAsync(Proxy, 200, ("X-Forwarded-For", "198.51.100.9"), ("X-Forwarded-For", "203.0.113.7"));
    }

    [Fact]
    public async Task Nobody_else_is_believed_and_no_other_header()
    {
        await CheckAsync(Stranger, 403);
        await CheckAsync(Stranger, 403, ("X-Forwarded-For", "203.0.113.7"));
        await CheckAsync(Proxy, 403);
        foreach (var name in (string[])["X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Original-Forwarded-For"])
        {
            await CheckAsync(Proxy, 403, (name, name == "Forwarded" ? "for=203.0.113.7" : "203.0.113.7"));
        }
    }

    [Fact]
    public async Task Networks_that_are_none_are_not_taken_for_some()
    {
        foreach (var network in (string[])["10", "10.0.0.1/8", "0x7f.1", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/ 8", "example.com", ""])
        {
            using var connection = await RawConnection.OpenAsync(_gateway.Port, Proxy);
            var list = await connection.SendAsync(RawRequest.Bare("GET", "/api/v1/organizations").As(_gateway.AdminKey).With("X-Forwarded-For", "203.0.113.7"));
            var id = list.Json.GetProperty("items")[0].GetProperty("id").GetString();
            var refused = await connection.SendAsync(
                Patch($"/api/v1/organizations/{id}", $$"""{"allowedNetworks":["{{network}}"]}""").As(_gateway.AdminKey).With("X-Forwarded-For", "203.0.113.7"));
            Assert.True(refused.Status == 422, $"{network}: {refused}");
        }
    }

    private static RawRequest Patch(string path, string body) =>
        RawRequest.Bare("PATCH", path).WithBody(System.Text.Encoding.UTF8.GetBytes(body)).With("Content-Type", "application/merge-patch+json").With("If-Match", "*");

    /// <summary>Through the lean door and through the other one.</summary>
    private async Task CheckAsync(IPAddress from, int status, params (string Name, string Value)[] headers)
    {
        var call = await AskAsync(from, "/mcp", headers);
        Assert.True(call.Status == status, call.ToString());
        var administration = await AskAsync(from, "/api/v1/servers", headers);
        Assert.True(administration.Status == status, administration.ToString());
        if (status == 403)
        {
            Refusal.Check(call, 403, -32011, "203.0.113", "198.51.100");
            Assert.DoesNotContain("203.0.113", administration.Text, StringComparison.Ordinal);
        }
    }

    private async Task<Reply> AskAsync(IPAddress from, string path, params (string Name, string Value)[] headers)
    {
        var request = path == "/mcp" ? RawRequest.Post(path, Rpc.Ping) : RawRequest.Bare("GET", path);
        using var connection = await RawConnection.OpenAsync(_gateway.Port, from);
        return await connection.SendAsync(headers.Aggregate(request, (one, header) => one.Add(header.Name, header.Value)).As(_gateway.AdminKey));
    }
}
