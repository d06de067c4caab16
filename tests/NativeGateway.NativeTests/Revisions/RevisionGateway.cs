using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Revisions;

/// <summary>A gateway before one upstream of each era.</summary>
public sealed class RevisionGateway : IAsyncLifetime
{
    internal LegacyUpstream Legacy { get; } = new();

    internal ModernUpstream Modern { get; } = new();

    internal GatewayProcess Gateway { get; private set; } = null!;

    /// <summary>A second key of the same workspace.</summary>
    internal string OtherKey { get; private set; } = "";

    public async Task InitializeAsync()
    {
        OtherKey = (await TestKeys.GetAsync())[0];
        Gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers = [("legacy", GatewayConfig.Entry(Legacy, LegacyUpstream.Patience)), ("modern", GatewayConfig.Entry(Modern))],
            Keys = [GatewayConfig.Key(OtherKey)],
        });
    }

    /// <summary>Opens a legacy session; its id.</summary>
    internal async Task<string> OpenSessionAsync(string version = "2025-11-25", string path = "/mcp")
    {
        var reply = await Gateway.PostAsync(path, Rpc.Initialize(version));
        Assert.True(reply.Status == 200, reply.ToString());
        return reply["Mcp-Session-Id"] ?? throw new InvalidOperationException($"No session id in:\n{reply}");
    }

    internal Task<Reply> PostAsync(string session, string body, string? key = null, string path = "/mcp") =>
        Gateway.SendAsync(RawRequest.Post(path, body).As(key ?? Gateway.AdminKey).InSession(session));

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Legacy.DisposeAsync();
        await Modern.DisposeAsync();
    }
}
