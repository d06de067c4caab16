using System.Text.Json;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>The published ways around checks of URLs, at the published binary, in an internet in which the places that they mean can be reached.</summary>
public sealed class FormsTests(PublicInternet internet) : IClassFixture<PublicInternet>
{
    [Fact]
    public async Task None_is_taken_as_a_server_an_endpoint_a_change_or_an_import_and_nothing_is_connected_to()
    {
        internet.Names.Set("moved.example.com", [PublicInternet.PublicAddress]);
        var (server, path) = await internet.AddAsync("moved.example.com");
        foreach (var url in SsrfForms.Urls)
        {
            var text = JsonSerializer.Serialize(url);
            await CheckRefusedAsync(url, RawRequest.Post("/api/v1/servers", $$"""{"name":"a","url":{{text}}}"""));
            await CheckRefusedAsync(url, RawRequest.Post("/api/v1/servers", $$"""{"name":"a","endpoints":[{"url":"https://example.com/mcp"},{"url":{{text}}}]}"""));
            await CheckRefusedAsync(url, RawRequest.Post("/api/v1/servers/import", $$"""{"mcpServers":{"a":{"url":{{text}}} } }"""));
            await CheckRefusedAsync(
                url,
                RawRequest.Bare("PATCH", path).With("Content-Type", "application/json").With("If-Match", "*")
                    .WithBody(JsonSerializer.SerializeToUtf8Bytes(new { url })));
        }

        var servers = (await internet.SendAsync(RawRequest.Bare("GET", "/api/v1/servers"))).Json.GetProperty("items").EnumerateArray();
        Assert.Equal([server], servers.Select(item => item.GetProperty("name").GetString()));
        internet.CheckOnlyPublicAddressesWereEntered();
    }

    private async Task CheckRefusedAsync(string url, RawRequest request)
    {
        var reply = await internet.SendAsync(request);

        // A NUL is no text at all.
        Assert.True(reply.Status == (url.Contains('\0', StringComparison.Ordinal) ? 400 : 422), $"{request.Method} {request.Path} '{url}': {reply}");
    }
}
