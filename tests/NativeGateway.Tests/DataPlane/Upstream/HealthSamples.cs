using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Upstream;

/// <summary>Groups of endpoints without any connection behind them, and what is told about them.</summary>
internal sealed class HealthSamples : IUpstreamEvents
{
    public List<VerdictChanged> Changes { get; } = [];

    public static UpstreamConfig Config(params EndpointConfig[] endpoints) => new()
    {
        Id = Guid.NewGuid(),
        WorkspaceId = Guid.NewGuid(),
        Key = "up",
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints = endpoints,
    };

    public static EndpointConfig Endpoint(int number, string? region = null, int priority = 0, int weight = 1) =>
        new(new Uri($"https://{number}.example/mcp"), region, priority, weight);

    public static UpstreamConfig Alike(int count) => Config([.. Enumerable.Range(0, count).Select(number => Endpoint(number))]);

    public void ListChanged(Guid upstreamId, McpMethod notification)
    {
    }

    public void ResourceUpdated(Guid upstreamId, ReadOnlyMemory<byte> message)
    {
    }

    public void ElicitationCompleted(Guid upstreamId, ReadOnlyMemory<byte> message)
    {
    }

    public void HealthChanged(VerdictChanged change) => Changes.Add(change);
}
