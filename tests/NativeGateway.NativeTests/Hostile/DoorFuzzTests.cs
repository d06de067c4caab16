using System.Globalization;
using System.Net;
using System.Text;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>
/// Heads with faults at both doors of the published binary: the same answers, whatever it is. A failure names the seed and the head. DOOR_FUZZ_HEADS
/// sets another number of them.
/// </summary>
public sealed class DoorFuzzTests(TwoDoors fixture) : IClassFixture<TwoDoors>
{
    private const int Clients = 16;

    private static readonly int Heads = int.Parse(Environment.GetEnvironmentVariable("DOOR_FUZZ_HEADS") ?? "20000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Both_doors_answer_heads_with_faults_alike()
    {
        var good = await Task.WhenAll(Enumerable.Range(1, Clients).Select(seed => Task.Run(() => CompareAsync(seed))));

        // Heads that are all refused show nothing.
        Assert.InRange(good.Sum(), Heads / 20, Heads);
        await fixture.Lean.CheckHealthyAsync();
        await fixture.Kestrel.CheckHealthyAsync();
    }

    /// <summary>How many heads were good enough for a result.</summary>
    private async Task<int> CompareAsync(int seed)
    {
        var heads = new HeadMutator(seed, $"Bearer {fixture.Lean.Key}", Body(0).Length);
        var good = 0;
        for (var number = 0; number < Heads / Clients; number++)
        {
            var from = Loopback.Next();
            var head = heads.Next().ToArray();
            var lean = AskAsync(fixture.Lean, head, number, from);
            var kestrel = AskAsync(fixture.Kestrel, head, number, from);
            var (answer, expected) = (await lean, await kestrel);
            Assert.True(answer == expected, $"Seed {seed}, head {number}:\n{Encoding.Latin1.GetString(head)}\nlean door: {answer}\nKestrel: {expected}");
            good += answer.Contains(Result(number), StringComparison.Ordinal) ? 1 : 0;
        }

        return good;
    }

    private static async Task<string> AskAsync(HostileGateway door, byte[] head, int number, IPAddress from)
    {
        var replies = await TwoDoors.AskAsync(door, [.. head, .. Body(number)], from);
        Assert.DoesNotContain(replies, reply => reply.Status == 500);
        return string.Join(" | ", replies.Select(reply => $"{reply.Status.ToString(CultureInfo.InvariantCulture)} {reply.Text}"));
    }

    private static byte[] Body(int number) => Encoding.ASCII.GetBytes($$"""{"jsonrpc":"2.0","id":{{Id(number)}},"method":"ping"}""");

    private static string Result(int number) => $$"""{"jsonrpc":"2.0","id":{{Id(number)}},"result":{} }""".Replace(" ", "", StringComparison.Ordinal);

    /// <summary>All of one length.</summary>
    private static string Id(int number) => (1_000_000 + number).ToString(CultureInfo.InvariantCulture);
}
