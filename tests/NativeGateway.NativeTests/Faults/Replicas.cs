using System.Security.Cryptography;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>Three gateways on one Postgres, behind a port that gives them its connections in turn.</summary>
internal sealed class Replicas : IAsyncDisposable
{
    private readonly GatewaySetup _setup;
    private readonly TempDatabase _database;
    private readonly GatewayProcess[] _gateways = new GatewayProcess[3];

    private Replicas(GatewaySetup setup, TempDatabase database) => (_setup, _database) = (setup, database);

    public TcpRelay Door { get; private set; } = null!;

    public IReadOnlyList<GatewayProcess> All => _gateways;

    public GatewayProcess First => _gateways[0];

    public string AdminKey { get; private set; } = "";

    /// <summary>Ends when all know of each other.</summary>
    public static async Task<Replicas> StartAsync(PostgresCluster postgres, LegacyUpstream upstream)
    {
        var database = await postgres.CreateDatabaseAsync();
        var setup = new GatewaySetup
        {
            Database = database.Uri,
            Environment = new Dictionary<string, string>
            {
                ["NATIVE_GATEWAY_ENCRYPTION_KEY"] = Convert.ToHexString(RandomNumberGenerator.GetBytes(32)),
            },
        };
        var replicas = new Replicas(setup with { IsFirstStart = false }, database);
        var first = replicas._gateways[0] = await GatewayProcess.StartAsync(setup);
        replicas.AdminKey = first.AdminKey;
        var added = await first.RunAsync("servers", "add", "up", "--url", upstream.Url);
        Assert.True(added.ExitCode == 0, added.Errors);
        for (var i = 1; i < replicas._gateways.Length; i++)
        {
            replicas._gateways[i] = await GatewayProcess.StartAsync(replicas._setup);
        }

        replicas.Door = new TcpRelay([.. replicas._gateways.Select(gateway => gateway.Port)]);
        foreach (var gateway in replicas._gateways)
        {
            await gateway.Log.LineAsync(line => line.Contains("Limits are shared by 3 replicas", StringComparison.Ordinal));
            await Until.Async(() => gateway.PostAsync("/mcp", Rpc.Call("up__echo"), replicas.AdminKey), reply => reply.Status == 200);
        }

        return replicas;
    }

    /// <summary>As by <c>kill -9</c>; another one on the same port takes its place.</summary>
    public async Task CrashAsync(int number, Func<Task> meanwhile)
    {
        var gateway = _gateways[number];
        await gateway.CrashAsync();
        await meanwhile();
        _gateways[number] = await GatewayProcess.StartAsync(_setup with { Port = gateway.Port });
        await gateway.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Door.DisposeAsync();
        foreach (var gateway in _gateways)
        {
            await gateway.DisposeAsync();
        }

        await _database.DisposeAsync();
    }
}
