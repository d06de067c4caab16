using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>One gateway that must survive everything that the tests of a class throw at it: each ends by asking whether it still works.</summary>
public sealed class HostileGateway : IAsyncLifetime
{
    internal LegacyUpstream Upstream { get; } = new();

    internal GatewayProcess Gateway { get; private set; } = null!;

    internal RawRequest Call => RawRequest.Post("/mcp", Rpc.Call("up__echo", """{"text":"hello"}""")).As(Gateway.AdminKey);

    public async Task InitializeAsync()
    {
        Gateway = await GatewayProcess.StartAsync(new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream))] });
        await CheckHealthyAsync();
    }

    internal async Task CheckHealthyAsync()
    {
        Assert.True(Gateway.IsAlive, Gateway.Log.Text);
        Assert.Equal(200, (await Gateway.GetAsync("/health")).Status);
        Assert.Equal(200, (await Gateway.SendAsync(Call)).Status);
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}
