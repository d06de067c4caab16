using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Scale;

/// <summary>A client that does not read holds its upstream up, and fills nothing but the buffers of the sockets between.</summary>
public sealed class BackPressureTests : IAsyncLifetime
{
    private const int Events = 8_000;
    private const int EventLength = 16 * 1024;
    private const long Mebibyte = 1024 * 1024;

    /// <summary>What an upstream that does not advance for so many looks is held up by.</summary>
    private const int Looks = 10;

    private LegacyUpstream Upstream { get; } = new();
    private volatile int _sent;

    public Task InitializeAsync()
    {
        Upstream.Tools["flood"] = FloodAsync;
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Upstream.DisposeAsync();

    [Theory]
    [InlineData]
    [InlineData("--kestrel-only")]
    public async Task A_client_that_does_not_read_a_huge_stream_stops_it_and_loses_nothing(params string[] options)
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewaySetup
        {
            Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream, LegacyUpstream.Patience))] },
            Options = options,
        });
        Assert.Equal(200, (await gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);
        var before = gateway.WorkingSet;
        using var client = await gateway.ConnectAsync();
        await client.WriteAsync(RawRequest.Post("/mcp", Rpc.Call("up__flood")).As(gateway.AdminKey).ToBytes(gateway.Port));
        Assert.Contains(" 200 ", (await client.ReadHeadAsync()).StartLine, StringComparison.Ordinal);

        await StalledAsync();

        Assert.InRange(_sent, 0, Events - 1);
        Assert.InRange(gateway.WorkingSet - before, long.MinValue, 16 * Mebibyte);
        for (var number = 0; number < Events; number++)
        {
            Assert.Contains($"\"{number}:", await client.ReadEventAsync(), StringComparison.Ordinal);
        }

        Assert.Contains("\"done\"", await client.ReadEventAsync(), StringComparison.Ordinal);
        Assert.InRange(gateway.WorkingSet - before, long.MinValue, 32 * Mebibyte);
    }

    private Task FloodAsync(UpstreamRequest request, UpstreamReply reply) => Task.Run(async () =>
    {
        var padding = new string('x', EventLength);
        await reply.BeginStreamAsync();
        for (; _sent < Events; _sent++)
        {
            await reply.EventAsync($$"""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"{{_sent}}:{{padding}}"} }""");
        }

        await reply.EventAsync($$"""{"jsonrpc":"2.0","id":{{request.Id}},"result":{"content":[{"type":"text","text":"done"}]} }""");
        await reply.EndStreamAsync();
    });

    /// <summary>Ends when the upstream gets no further; without back-pressure it would get to its end.</summary>
    private async Task StalledAsync()
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var (seen, same) = (0, 0); same < Looks && _sent < Events; await look.WaitForNextTickAsync())
        {
            (seen, same) = _sent == seen && _sent > 0 ? (seen, same + 1) : (_sent, 0);
        }
    }
}
