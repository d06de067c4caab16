using System.Text;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Scale;

/// <summary>More connections than there may be: those who only hold one make room for those who ask.</summary>
public sealed class CrowdTests : IAsyncLifetime
{
    /// <summary>Half of them are for the lean door, a quarter for Kestrel.</summary>
    private const int Descriptors = 1_200;
    private const int Crowd = 3_000;
    private const long Bound = 64L * 1024 * 1024;

    private LegacyUpstream Upstream { get; } = new();
    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync()
    {
        var config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream))] };
        _gateway = await GatewayProcess.StartAsync(new GatewaySetup { Config = config, Descriptors = Descriptors });
        await CallAsync();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("POST /mcp HTTP/1.1\r\nHost: a\r\nX-Slow: ")]
    [InlineData("POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: a\r\nX-Slow: ")]
    public async Task Half_open_connections_keep_no_caller_out(string beginning)
    {
        var before = _gateway.WorkingSet;
        var bytes = Encoding.ASCII.GetBytes(beginning);
        var crowd = new List<RawConnection>();
        try
        {
            while (crowd.Count < Crowd)
            {
                crowd.Add(await _gateway.ConnectAsync());
                await crowd[^1].TryWriteAsync(bytes);
                if (crowd.Count % 100 == 0)
                {
                    await CallAsync();
                }
            }

            Assert.InRange(_gateway.OpenDescriptors, 0, Descriptors - 200);
            Assert.InRange(_gateway.WorkingSet - before, long.MinValue, Bound);
        }
        finally
        {
            crowd.ForEach(connection => connection.Dispose());
        }
    }

    private async Task CallAsync()
    {
        var reply = await _gateway.PostAsync("/mcp", Rpc.Call("up__echo", """{"text":"hello"}"""));
        Assert.Equal("hello", reply.Result.GetProperty("structuredContent").GetProperty("text").GetString());
    }
}
