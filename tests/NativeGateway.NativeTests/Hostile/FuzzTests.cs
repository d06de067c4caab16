using System.Text;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>
/// Thousands of requests with random faults, the same ones on every run. What is asked of the gateway: an answer that is no 500, a live process,
/// memory that does not grow.
/// </summary>
public sealed class FuzzTests(LeanDoorGateway fixture) : IClassFixture<LeanDoorGateway>
{
    private const int Rounds = 1_500;
    private const long Bound = 48L * 1024 * 1024;

    private static readonly string[] Tokens =
        ["{", "}", "[", "]", "\"", ":", ",", "null", "1e999", "\\u0000", "\\ud800", "\r\n", "\0", "\u00ff", "-", "id", "_meta", "\"name\":", "__", "2.0", " "];

    [Fact]
    public async Task Mutated_bodies_on_one_connection_never_give_a_500()
    {
        var random = new Random(20261121);
        using var connection = await fixture.Gateway.ConnectAsync();
        var warm = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            var seed = Seeds()[random.Next(Seeds().Length)];
            var request = seed.WithBody(Mutate(seed.Body, random));
            await connection.WriteAsync(request.ToBytes(fixture.Gateway.Port));
            Check(await connection.TryReadReplyAsync(), request);
            if (round == Rounds / 3)
            {
                warm = fixture.Gateway.WorkingSet;
            }
        }

        Assert.InRange(fixture.Gateway.WorkingSet - warm, long.MinValue, Bound);
        await fixture.CheckHealthyAsync();
    }

    [Fact]
    public async Task Mutated_requests_on_many_connections_never_give_a_500()
    {
        var random = new Random(728);
        var warm = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            var seed = Seeds()[random.Next(Seeds().Length)];
            var body = random.Next(2) == 0 ? seed.Body : Mutate(seed.Body, random);
            var head = seed.HeadBytes(fixture.Gateway.Port, body.Length);
            // The framing stays whole, so that there is always something to answer.
            var framing = Encoding.Latin1.GetString(head).LastIndexOf("Content-Length", StringComparison.Ordinal);
            byte[] bytes = [.. Mutate(head[..(framing - 2)], random), .. head[(framing - 2)..], .. body];
            using var connection = await RawConnection.OpenAsync(fixture.Gateway.Port, Loopback.Next());
            await connection.TryWriteAsync(bytes);
            Check(await connection.TryReadReplyAsync(), seed, bytes);
            if (round == Rounds / 3)
            {
                warm = fixture.Gateway.WorkingSet;
            }
        }

        Assert.InRange(fixture.Gateway.WorkingSet - warm, long.MinValue, Bound);
        await fixture.CheckHealthyAsync();
    }

    private RawRequest[] Seeds()
    {
        var key = fixture.Gateway.AdminKey;
        return
        [
            fixture.Call,
            RawRequest.Post("/mcp/up", Rpc.Call("echo", """{"a":[1,2.50,"x\n"],"b":{"c":null}}""")).As(key),
            RawRequest.Post("/mcp", Rpc.ListTools).With("X-API-Key", key),
            RawRequest.Post("/mcp", Rpc.Initialize("2025-11-25")).As(key),
            RawRequest.Post("/mcp", """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""").As(key),
            RawRequest.Post("/mcp", $"[{Rpc.Ping},{Rpc.Call("up__echo", id: "2")}]").As(key),
            RawRequest.Post("/mcp", """{"jsonrpc":"2.0","id":"q","method":"resources/read","params":{"uri":"test://open/doc"}}""").As(key),
            RawRequest.Post("/mcp", """{"jsonrpc":"2.0","id":9,"result":{"roots":[]}}""").As(key),
            Rpc.ModernCall("/mcp", "up__echo", """{"modern":true}""").As(key),
            Rpc.ModernRequest("/mcp", "server/discover").As(key),
        ];
    }

    /// <summary>One to eight faults: bytes flipped, inserted, removed, repeated, or tokens put in.</summary>
    private static byte[] Mutate(byte[] bytes, Random random)
    {
        var list = new List<byte>(bytes);
        for (var fault = random.Next(1, 9); fault > 0 && list.Count > 0; fault--)
        {
            var at = random.Next(list.Count);
            switch (random.Next(5))
            {
                case 0:
                    list[at] = (byte)random.Next(256);
                    break;
                case 1:
                    list.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    list.RemoveRange(at, Math.Min(random.Next(1, 12), list.Count - at));
                    break;
                case 3:
                    list.InsertRange(at, list.GetRange(at, Math.Min(random.Next(1, 40), list.Count - at)));
                    break;
                default:
                    list.InsertRange(at, Encoding.Latin1.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
            }
        }

        return [.. list];
    }

    private void Check(Reply? reply, RawRequest request, byte[]? bytes = null)
    {
        var isFine = reply is { Status: < 500 or 501 or 505 } || (reply is null && bytes is not null);
        Assert.True(isFine, $"{Encoding.Latin1.GetString(bytes ?? request.ToBytes(fixture.Gateway.Port))}\n\n{reply}");
        if (reply is not null)
        {
            Assert.DoesNotContain("Exception", reply.Text, StringComparison.Ordinal);
        }
    }
}
