using System.Text;
using System.Text.Json;
using NativeGateway.IntegrationTests.DataPlane.Downstream;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary><c>serve</c> in this process over scripted servers, open to everybody on loopback, with what its health tests ask it for.</summary>
internal sealed class HealthyGateway : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly RunningGateway _gateway;
    private readonly HttpClient _client = new() { Timeout = Timeout.InfiniteTimeSpan };
    private Uri? _address;

    private HealthyGateway(string servers)
    {
        var file = Path.Combine(_directory.Path, "gateway.json");
        File.WriteAllText(file, $$"""{ "mcpServers": {{servers}}, "limits": { "requestsPerMinute": 1000000, "burst": 1000000 } }""");
        _gateway = new RunningGateway(_directory.Path, "--config", file, "--no-auth", "--listen", "http://127.0.0.1:0");
    }

    public RunningGateway Process => _gateway;

    /// <param name="servers">The value of <c>mcpServers</c>.</param>
    public static async Task<HealthyGateway> StartAsync(string servers)
    {
        var gateway = new HealthyGateway(servers);
        gateway._address = await gateway._gateway.ListeningAsync();
        return gateway;
    }

    /// <param name="name">Tells calls apart.</param>
    public Task<(int Status, string Text)> CallAsync(string tool, string name = "") => PostAsync(
        $$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{tool}}","arguments":{"name":"{{name}}"} } }""");

    public Task<(int Status, string Text)> ListAsync() => PostAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""");

    public async Task<string> MetricsAsync() => await _client.GetStringAsync(new Uri(_address!, "/metrics")).WaitAsync(TestTime.Limit);

    /// <summary>Asks for the list again and again until it is as wanted. Every answer has to be a list.</summary>
    public async Task<string> ListUntilAsync(Func<string, bool> wanted)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var (status, text) = await ListAsync();
            Assert.Equal(200, status);
            if (wanted(text))
            {
                return text;
            }

            Assert.True(patience.Elapsed < TestTime.Limit, text);
        }
    }

    /// <summary>Opens a session and its GET stream.</summary>
    public async Task<EventStream> ListenAsync()
    {
        using var opened = await _client.SendAsync(Post(Messages.Initialize("2025-11-25"))).WaitAsync(TestTime.Limit);
        var get = new HttpRequestMessage(HttpMethod.Get, new Uri(_address!, "/mcp"));
        get.Headers.Add("Accept", "text/event-stream");
        get.Headers.Add("Mcp-Session-Id", opened.Headers.GetValues("Mcp-Session-Id"));
        var response = await _client.SendAsync(get, HttpCompletionOption.ResponseHeadersRead).WaitAsync(TestTime.Limit);
        return new EventStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The servers that a list says it is incomplete for.</summary>
    public static string[] Missing(string list)
    {
        var result = JsonDocument.Parse(list).RootElement.GetProperty("result");
        return result.TryGetProperty("_meta", out var meta) && meta.TryGetProperty("io.nativegateway/incomplete", out var marks)
            ? [.. marks.EnumerateArray().Select(mark => mark.GetProperty("server").GetString()!)]
            : [];
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        _directory.Dispose();
    }

    private async Task<(int Status, string Text)> PostAsync(string body)
    {
        using var response = await _client.SendAsync(Post(body)).WaitAsync(TestTime.Limit);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync().WaitAsync(TestTime.Limit));
    }

    private HttpRequestMessage Post(string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address!, "/mcp")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Accept", "application/json, text/event-stream");
        return request;
    }
}
