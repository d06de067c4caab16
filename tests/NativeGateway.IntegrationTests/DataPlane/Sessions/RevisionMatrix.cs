using NativeGateway.IntegrationTests.DataPlane.Downstream;
using NativeGateway.Model;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>One gateway, a strict upstream for each side of the matrix, and a client for each pair that was asked for.</summary>
public sealed class RevisionMatrix : IAsyncLifetime
{
    private readonly Dictionary<Side, StrictServer> _servers = Side.Upstreams.ToDictionary(side => side, side => new StrictServer(side));
    private readonly List<IAsyncDisposable> _doors = [];
    private readonly Dictionary<(Side, Side, bool), MatrixClient> _clients = [];
    private FrontHarness? _gateway;
    private long _lastNumber;

    public async Task InitializeAsync() => _gateway = await FrontHarness.StartWithAsync([.. _servers.Values.Select(ConfigOf)]);

    public async Task DisposeAsync()
    {
        foreach (var client in _clients.Values)
        {
            await client.DisposeAsync();
        }

        await _gateway!.DisposeAsync();
        foreach (var door in _doors)
        {
            await door.DisposeAsync();
        }
    }

    /// <summary>Never the same twice.</summary>
    internal long NextNumber() => Interlocked.Increment(ref _lastNumber);

    internal StrictServer ServerOf(Side side) => _servers[side];

    /// <summary>The client of a pair, connected to the upstream's own endpoint or to the aggregate.</summary>
    internal async Task<MatrixClient> ClientOfAsync(Side client, Side upstream, bool isAggregate)
    {
        if (!_clients.TryGetValue((client, upstream, isAggregate), out var connected))
        {
            await KnownAsync(upstream).WaitAsync(TestTime.Limit);
            connected = await MatrixClient.ConnectAsync(_gateway!, client, isAggregate ? "" : $"/{upstream.Key}");
            _clients.Add((client, upstream, isAggregate), connected);
        }

        return connected;
    }

    /// <summary>The gateway gives a server five seconds to be known, which may be short on a busy machine.</summary>
    private async Task KnownAsync(Side upstream)
    {
        (int Status, string Text) answer;
        do
        {
            answer = await _gateway!.ExchangeAsync(HttpMethod.Post, $"/mcp/{upstream.Key}", Messages.Initialize("2025-11-25"));
        }
        while (answer.Status != 200);
    }

    private UpstreamConfig ConfigOf(StrictServer server)
    {
        var config = new UpstreamConfig
        {
            Id = Guid.NewGuid(),
            WorkspaceId = Guid.NewGuid(),
            Key = server.Side.Key,
            Transport = server.Side.Wire switch
            {
                Wire.Stdio => UpstreamTransport.Stdio,
                Wire.HttpSse => UpstreamTransport.Sse,
                _ => UpstreamTransport.StreamableHttp,
            },
            Trusted = true,
            Source = ConfigSource.File,
        };
        switch (server.Side.Wire)
        {
            case Wire.Stdio:
                var stdio = new StrictStdioDoor(server);
                _doors.Add(stdio);
                return config with { Command = stdio.Command };
            case Wire.HttpSse:
                var sse = new StrictSseDoor(server);
                _doors.Add(sse);
                return config with { Endpoints = [new EndpointConfig(sse.Url)] };
            default:
                var http = new StrictHttpDoor(server);
                _doors.Add(http);
                return config with { Endpoints = [new EndpointConfig(http.Url)] };
        }
    }
}
