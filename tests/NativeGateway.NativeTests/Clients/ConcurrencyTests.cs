using System.Globalization;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Clients;

public sealed class ConcurrencyTests : IAsyncLifetime
{
    private const int Calls = 1_000;

    /// <summary>How many calls of one upstream are held until all of them are there, and then answered in the opposite order.</summary>
    private const int Held = 50;

    private GatewayProcess _gateway = null!;

    private LegacyUpstream Legacy { get; } = new();

    private LegacyUpstream Other { get; } = new();

    private ModernUpstream Modern { get; } = new();

    public async Task InitializeAsync()
    {
        foreach (var upstream in (HttpUpstream[])[Legacy, Other, Modern])
        {
            upstream.Tools["shuffled"] = new Shuffle(Held).AnswerAsync;
        }

        _gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers =
            [
                ("legacy", GatewayConfig.Entry(Legacy)), ("other", GatewayConfig.Entry(Other)), ("modern", GatewayConfig.Entry(Modern)),
                ("stdio", StdioUpstream.Entry()),
            ],
        });
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await Legacy.DisposeAsync();
        await Other.DisposeAsync();
        await Modern.DisposeAsync();
    }

    [Fact]
    public async Task A_thousand_concurrent_calls_get_a_thousand_right_answers()
    {
        // The first list makes the upstreams known, so that all calls start alike.
        Assert.Equal(200, (await _gateway.PostAsync("/mcp", Rpc.ListTools)).Status);

        var answers = await Task.WhenAll(Enumerable.Range(0, Calls).Select(CallAsync)).WaitAsync(TestTime.Limit);

        var mixedUp = answers.Where(answer => !answer.IsRight).Select(answer => answer.What).ToArray();
        Assert.True(mixedUp.Length == 0, $"{mixedUp.Length} of {Calls}: {string.Join('\n', mixedUp.Take(5))}");
    }

    [Fact]
    public async Task Clients_that_share_a_session_and_ids_over_time_get_their_own_answers()
    {
        var session = (await _gateway.PostAsync("/mcp", Rpc.Initialize("2025-11-25")))["Mcp-Session-Id"]!;

        await Task.WhenAll(Enumerable.Range(0, 10).Select(async client =>
        {
            using var connection = await _gateway.ConnectAsync();
            for (var call = 0; call < 20; call++)
            {
                var nonce = $"{{\"client\":{client},\"call\":{call}}}";
                var id = (client * 1000 + call).ToString(CultureInfo.InvariantCulture);
                var reply = await connection.SendAsync(
                    RawRequest.Post("/mcp", Rpc.Call(call % 2 == 0 ? "legacy__echo" : "stdio__echo", nonce, id)).As(_gateway.AdminKey).InSession(session));
                Assert.Equal(id, reply.Json.GetProperty("id").GetRawText());
                Assert.Equal(client, reply.Result.GetProperty("structuredContent").GetProperty("client").GetInt32());
                Assert.Equal(call, reply.Result.GetProperty("structuredContent").GetProperty("call").GetInt32());
            }
        })).WaitAsync(TestTime.Limit);
    }

    private async Task<(bool IsRight, string What)> CallAsync(int number)
    {
        var id = IdOf(number);
        var (path, tool) = (number % 5) switch
        {
            0 => ("/mcp", "legacy__shuffled"),
            1 => ("/mcp/other", "shuffled"),
            2 => ("/mcp", "modern__shuffled"),
            3 => ("/mcp", "stdio__echo"),
            _ => ("/mcp/legacy", "shuffled"),
        };
        var reply = await _gateway.PostAsync(path, Rpc.Call(tool, $$"""{"number":{{number}}}""", id));
        var isRight = reply.Status == 200
            && reply.Json.GetProperty("id").GetRawText() == id
            && reply.Json.TryGetProperty("result", out var result)
            && result.GetProperty("structuredContent").GetProperty("number").GetInt32() == number;
        return (isRight, $"{number} with id {id} by {tool}:\n{reply}");
    }

    /// <summary>Ids of every type, most of them used by several clients at once.</summary>
    private static string IdOf(int number) => (number % 8) switch
    {
        0 => "1",
        1 => "\"1\"",
        2 => number.ToString(CultureInfo.InvariantCulture),
        3 => $"\"{number}\"",
        4 => "9223372036854775807",
        5 => (9007199254740993 + number).ToString(CultureInfo.InvariantCulture),
        6 => $"\"{Guid.NewGuid()}\"",
        _ => (-number).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Holds calls until there are enough, then answers them last come, first served.</summary>
    private sealed class Shuffle(int size)
    {
        private readonly Lock _gate = new();
        private readonly Stack<(UpstreamRequest Request, UpstreamReply Reply, TaskCompletionSource Done)> _held = new();

        public async Task AnswerAsync(UpstreamRequest request, UpstreamReply reply)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (UpstreamRequest Request, UpstreamReply Reply, TaskCompletionSource Done)[] released = [];
            lock (_gate)
            {
                _held.Push((request, reply, done));
                if (_held.Count == size)
                {
                    released = [.. _held];
                    _held.Clear();
                }
            }

            foreach (var held in released)
            {
                await ToolScripts.EchoAsync(held.Request, held.Reply);
                held.Done.SetResult();
            }

            await done.Task;
        }
    }
}
