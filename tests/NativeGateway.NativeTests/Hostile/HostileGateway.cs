using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>One gateway that must survive everything that the tests of a class throw at it: each ends by asking whether it still works.</summary>
/// <param name="options">Of its <c>serve</c>.</param>
public abstract class HostileGateway(params string[] options) : IAsyncLifetime
{
    internal LegacyUpstream Upstream { get; } = new();

    internal GatewayProcess Gateway { get; private set; } = null!;

    /// <summary>A key that every hostile gateway knows.</summary>
    internal string Key { get; private set; } = "";

    internal RawRequest Call => RawRequest.Post("/mcp", Rpc.Call("up__echo", """{"text":"hello"}""")).As(Gateway.AdminKey);

    public async Task InitializeAsync()
    {
        Key = (await TestKeys.GetAsync())[0];
        var config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream))], Keys = [GatewayConfig.Key(Key)] };
        Gateway = await GatewayProcess.StartAsync(new GatewaySetup { Config = config, Options = options });
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

/// <summary>As it is delivered: plain calls come in by the lean door.</summary>
public sealed class LeanDoorGateway : HostileGateway;

/// <summary>With Kestrel as its only door.</summary>
public sealed class KestrelGateway() : HostileGateway("--kestrel-only");
