using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>What the API answered.</summary>
internal sealed record AdminReply(HttpStatusCode Status, JsonElement Body, string Text, HttpResponseHeaders Headers, string? ContentType)
{
    public string ETag => Headers.ETag!.ToString();

    public string Id => Body.GetProperty("id").GetString()!;

    /// <summary>The places of everything that was wrong.</summary>
    public IEnumerable<string> Pointers => Body.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!);

    public IEnumerable<JsonElement> Items => Body.GetProperty("items").EnumerateArray();
}

/// <summary>A client of the API with one key, or with none.</summary>
internal sealed class AdminClient(Uri gateway, string? key) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = gateway };

    public void Dispose() => _http.Dispose();

    public Task<AdminReply> GetAsync(string path) => SendAsync("GET", path, null);

    public Task<AdminReply> PostAsync(string path, string? json = null, params (string Name, string Value)[] headers) => SendAsync("POST", path, json, headers);

    public Task<AdminReply> DeleteAsync(string path) => SendAsync("DELETE", path, null);

    public Task<AdminReply> PatchAsync(string path, string json, string? ifMatch) =>
        SendAsync("PATCH", path, json, ifMatch is null ? [] : [("If-Match", ifMatch)]);

    public async Task<AdminReply> SendAsync(string method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return await SendContentAsync(method, path, content, headers);
    }

    public Task<AdminReply> SendContentAsync(string method, string path, HttpContent? content, params (string Name, string Value)[] headers) =>
        SendToAsync(method, "/api/v1" + path, content, headers);

    /// <summary>An MCP request with the same key.</summary>
    public async Task<AdminReply> CallAsync(string mcpMethod)
    {
        using var content = new StringContent($$"""{"jsonrpc":"2.0","id":1,"method":"{{mcpMethod}}"}""", Encoding.UTF8, "application/json");
        return await SendToAsync("POST", "/mcp", content, ("Accept", "application/json, text/event-stream"));
    }

    private async Task<AdminReply> SendToAsync(string method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = content };
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        var body = isJson ? JsonDocument.Parse(text).RootElement : default;
        return new AdminReply(response.StatusCode, body, text, response.Headers, response.Content.Headers.ContentType?.MediaType);
    }
}
