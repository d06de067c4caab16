using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>Too much, too slow: what is offered must not occupy memory or others' time, whichever door it is offered at.</summary>
public abstract class FloodContract(HostileGateway fixture)
{
    private const long Hundred = 100L * 1024 * 1024;
    private const long Bound = 64L * 1024 * 1024;

    [Fact]
    public async Task A_hundred_announced_megabytes_are_refused_unseen()
    {
        var before = fixture.Gateway.WorkingSet;
        foreach (var request in (RawRequest[])[fixture.Call, fixture.Call.Without("Authorization")])
        {
            using var connection = await fixture.Gateway.ConnectAsync();
            await connection.WriteAsync(request.HeadBytes(fixture.Gateway.Port, Hundred));

            Assert.Equal(413, (await connection.ReadReplyAsync()).Status);
            Assert.InRange(await PourAsync(connection, chunked: false), 0, Bound);
        }

        await CheckSmallAsync(before);
    }

    [Fact]
    public async Task A_hundred_chunked_megabytes_are_refused_after_the_limit()
    {
        var before = fixture.Gateway.WorkingSet;
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(fixture.Call.HeadBytes(fixture.Gateway.Port, "Transfer-Encoding: chunked"));

        var taken = await PourAsync(connection, chunked: true);

        // The answer may be lost when the gateway closes on bytes that it has not read.
        var reply = await connection.TryReadReplyAsync();
        Assert.True(reply is null or { Status: 413 }, reply?.ToString());
        Assert.InRange(taken, 0, Bound);
        await CheckSmallAsync(before);
    }

    [Fact]
    public async Task Many_large_bodies_that_never_end_do_not_add_up()
    {
        var before = fixture.Gateway.WorkingSet;
        var connections = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => fixture.Gateway.ConnectAsync()));
        try
        {
            foreach (var connection in connections)
            {
                await connection.WriteAsync(fixture.Call.Without("Authorization").HeadBytes(fixture.Gateway.Port, 4_000_000));
                await connection.TryWriteAsync(new byte[1_000_000]);
            }

            foreach (var connection in connections)
            {
                Assert.Equal(401, (await connection.TryReadReplyAsync())?.Status ?? 401);
            }

            await CheckSmallAsync(before);
        }
        finally
        {
            Array.ForEach(connections, connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task Slow_senders_are_cut_off_however_steady_and_others_are_served_meanwhile()
    {
        using var slowBody = await fixture.Gateway.ConnectAsync();
        await slowBody.WriteAsync(fixture.Call.HeadBytes(fixture.Gateway.Port, 1_000));
        using var slowHead = await fixture.Gateway.ConnectAsync();
        await slowHead.WriteAsync("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "u8.ToArray());
        var cutOff = Task.WhenAll(slowBody.TryReadReplyAsync(), slowHead.TryReadReplyAsync());

        using var other = await fixture.Gateway.ConnectAsync();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        using var limit = new CancellationTokenSource(TestTime.Limit);
        while (!cutOff.IsCompleted && await pace.WaitForNextTickAsync(limit.Token))
        {
            Assert.Equal(200, (await other.SendAsync(fixture.Call)).Status);
            await slowBody.TryWriteAsync("{"u8.ToArray());
            await slowHead.TryWriteAsync("x"u8.ToArray());
        }

        Assert.All(await cutOff, reply => Assert.True(reply is null or { Status: 408 or 400 }, reply?.ToString()));
        await fixture.CheckHealthyAsync();
    }

    [Fact]
    public async Task Connections_that_say_nothing_or_leave_at_once_leave_nothing_behind()
    {
        var before = fixture.Gateway.WorkingSet;
        for (var round = 0; round < 10; round++)
        {
            var connections = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => fixture.Gateway.ConnectAsync()));
            foreach (var connection in connections.Take(50))
            {
                await connection.TryWriteAsync(fixture.Call.ToBytes(fixture.Gateway.Port).AsMemory(0, 100));
            }

            Array.ForEach(connections, connection => connection.Dispose());
        }

        await CheckSmallAsync(before);
    }

    /// <summary>Writes a hundred megabytes, or as much as is taken; how much that was.</summary>
    private static async Task<long> PourAsync(RawConnection connection, bool chunked)
    {
        byte[] piece = chunked ? [.. "10000\r\n"u8, .. new byte[65536], .. "\r\n"u8] : new byte[65536];
        long taken = 0;
        while (taken < Hundred && await connection.TryWriteAsync(piece))
        {
            taken += piece.Length;
        }

        return taken;
    }

    private async Task CheckSmallAsync(long before)
    {
        await fixture.CheckHealthyAsync();
        Assert.InRange(fixture.Gateway.WorkingSet - before, long.MinValue, Bound);
    }
}
