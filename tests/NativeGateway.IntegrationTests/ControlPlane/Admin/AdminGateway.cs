using NativeGateway.IntegrationTests.DataPlane.Stdio;
using NativeGateway.IntegrationTests.Hosting;
using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>A whole gateway on a database, with one server in its configuration file, and clients of its API.</summary>
internal sealed class AdminGateway : IAsyncDisposable
{
    private readonly TempDirectory _directory;
    private readonly RunningGateway _gateway;
    private readonly List<AdminClient> _clients = [];

    private AdminGateway(TempDirectory directory, RunningGateway gateway, Uri address)
    {
        (_directory, _gateway, Address) = (directory, gateway, address);
        InstanceKey = gateway.Out.Split('\n').First(line => line.StartsWith("  ngw_", StringComparison.Ordinal)).Trim();
        Instance = Client(InstanceKey);
    }

    public Uri Address { get; }

    /// <summary>The key of the first start.</summary>
    public string InstanceKey { get; }

    public AdminClient Instance { get; }

    public string Logs => _gateway.Logs;

    public static async Task<AdminGateway> StartAsync(TempDatabase database)
    {
        var directory = new TempDirectory();
        var config = Path.Combine(directory.Path, "gateway.json");
        await File.WriteAllTextAsync(
            config,
            $$"""
            {
              "mcpServers": { "filed": { "command": "dotnet", "args": ["{{StdioFixture.EchoServerPath}}"] } },
              "limits": { "requestsPerMinute": 1000000, "burst": 100000 },
              "mail": { "host": "localhost", "port": 1, "security": "none", "from": "gateway@example.com" }
            }
            """);
        var gateway = new RunningGateway(directory.Path, "--listen", "http://127.0.0.1:0", "--database", database.Uri, "--config", config);
        return new AdminGateway(directory, gateway, await gateway.ListeningAsync());
    }

    /// <param name="key">Null for one without; it keeps the cookies that it is given.</param>
    public AdminClient Client(string? key)
    {
        var client = new AdminClient(Address, key);
        _clients.Add(client);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _gateway.DisposeAsync();
        _directory.Dispose();
    }
}
