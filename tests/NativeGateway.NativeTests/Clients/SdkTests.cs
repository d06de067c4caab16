using System.Text.Json;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using Xunit;

namespace NativeGateway.NativeTests.Clients;

/// <summary>The official C# client, unmodified.</summary>
public sealed class SdkTests : IAsyncLifetime
{
    private static readonly string[] Names = ["legacy__echo", "modern__echo", "stdio__echo"];

    private GatewayProcess _gateway = null!;

    private LegacyUpstream Legacy { get; } = new();

    private ModernUpstream Modern { get; } = new();

    public async Task InitializeAsync()
    {
        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers = [("legacy", GatewayConfig.Entry(Legacy)), ("modern", GatewayConfig.Entry(Modern)), ("stdio", StdioUpstream.Entry())],
        });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Legacy.DisposeAsync();
        await Modern.DisposeAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2025-03-26")]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    [InlineData("2026-07-28")]
    public async Task The_client_lists_and_calls_the_tools_of_every_server(string? version)
    {
        await using var client = await ConnectAsync("/mcp", version);

        var tools = await client.ListToolsAsync();
        Assert.All(Names, name => Assert.Contains(tools, tool => tool.Name == name));

        foreach (var name in Names)
        {
            var result = await client.CallToolAsync(name, new Dictionary<string, object?> { ["word"] = name, ["number"] = 12345678901L });
            Assert.NotEqual(true, result.IsError);
            using var echoed = JsonDocument.Parse(Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
            Assert.Equal(name, echoed.RootElement.GetProperty("word").GetString());
            Assert.Equal(12345678901L, echoed.RootElement.GetProperty("number").GetInt64());
        }
    }

    [Fact]
    public async Task The_client_reads_prompts_and_resources()
    {
        await using var client = await ConnectAsync("/mcp", "2025-11-25");

        Assert.Contains(await client.ListPromptsAsync(), prompt => prompt.Name == "legacy__greet");
        Assert.Single((await client.GetPromptAsync("legacy__greet")).Messages);
        var resource = (await client.ListResourcesAsync()).First(resource => resource.Name == "doc");
        Assert.Equal("content", Assert.IsType<TextResourceContents>(Assert.Single((await client.ReadResourceAsync(resource.Uri)).Contents)).Text);
    }

    [Fact]
    public async Task The_client_finds_one_servers_own_names_at_its_own_path()
    {
        await using var client = await ConnectAsync("/mcp/legacy", null);

        Assert.Contains(await client.ListToolsAsync(), tool => tool.Name == "echo");
        Assert.NotEqual(true, (await client.CallToolAsync("echo", new Dictionary<string, object?>())).IsError);
    }

    private Task<McpClient> ConnectAsync(string path, string? version)
    {
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(_gateway.Url + path),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {_gateway.AdminKey}" },
        });
        return McpClient.CreateAsync(transport, new McpClientOptions { ProtocolVersion = version });
    }
}
