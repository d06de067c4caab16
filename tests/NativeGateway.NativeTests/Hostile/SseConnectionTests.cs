using NativeGateway.NativeTests.Pipeline;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>How many connections over HTTP+SSE there may be, opened for real.</summary>
public sealed class SseConnectionTests(LeanDoorGateway fixture) : IClassFixture<LeanDoorGateway>
{
    private const int AtOnce = 64;

    [Fact]
    public async Task As_many_as_documented_are_held_and_one_more_is_refused_until_another_one_ends()
    {
        // Nine tenths of a quarter of the descriptors, and never more than that.
        var most = Math.Min(10_000, fixture.Gateway.MostDescriptors / 4 * 9 / 10);
        var open = new RawConnection[most];
        await Parallel.ForAsync(0, most, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => open[i] = await OpenAsync());
        try
        {
            using var late = await fixture.Gateway.ConnectAsync();
            var refused = await late.SendAsync(Request());
            Refusal.Check(refused, 503, -32015);
            Assert.NotNull(refused["Retry-After"]);
            await fixture.CheckHealthyAsync();

            open[0].Dispose();
            using var next = await Faults.Until.Async(TryOpenAsync, connection => connection is not null);
        }
        finally
        {
            foreach (var connection in open)
            {
                connection.Dispose();
            }
        }

        await fixture.CheckHealthyAsync();
    }

    /// <summary>Open is one that was told where to post.</summary>
    private async Task<RawConnection> OpenAsync() => await TryOpenAsync() ?? throw new InvalidOperationException("The gateway refused a connection.");

    private async Task<RawConnection?> TryOpenAsync()
    {
        var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(Request().ToBytes(fixture.Gateway.Port));
        if ((await connection.ReadHeadAsync()).StartLine.Contains(" 200 ", StringComparison.Ordinal) && await connection.ReadEventAsync() is not null)
        {
            return connection;
        }

        connection.Dispose();
        return null;
    }

    private RawRequest Request() => RawRequest.Bare("GET", "/sse").With("Accept", "text/event-stream").As(fixture.Gateway.AdminKey);
}
