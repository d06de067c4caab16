using System.Globalization;
using System.Text;
using NativeGateway.NativeTests.Pipeline;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>How large one message of a server may be.</summary>
public sealed class LargeMessageTests(LeanDoorGateway fixture) : IClassFixture<LeanDoorGateway>
{
    private const int Limit = 64 * 1024 * 1024;

    [Fact]
    public async Task One_of_as_many_bytes_as_it_may_have_passes_whole()
    {
        fixture.Upstream.Tools.Exact = (request, reply) => AnswerAsync(request, reply, Limit);

        var answer = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__exact"));

        Assert.Equal(200, answer.Status);
        Assert.Equal(Limit, answer.Text.Length);
        Assert.True(answer.Text.AsSpan(answer.Text.IndexOf("xx", StringComparison.Ordinal)).TrimEnd("\"}] ").IndexOfAnyExcept('x') < 0);
    }

    [Fact]
    public async Task One_with_a_byte_more_is_the_servers_fault_and_hurts_nobody()
    {
        fixture.Upstream.Tools.Exact = (request, reply) => AnswerAsync(request, reply, Limit + 1);

        var refused = await fixture.Gateway.PostAsync("/mcp", Rpc.Call("up__exact"));

        Refusal.Check(refused, 502, -32013);
        Assert.DoesNotContain("xxx", refused.Text, StringComparison.Ordinal);
        await fixture.CheckHealthyAsync();
    }

    /// <summary>A result of so many bytes with everything around it.</summary>
    private static async Task AnswerAsync(UpstreamRequest request, UpstreamReply reply, int size)
    {
        var (before, after) = ($$"""{"jsonrpc":"2.0","id":{{request.Id}},"result":{"content":[{"type":"text","text":" """.TrimEnd(), "\"}]}}");
        var head = $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size.ToString(CultureInfo.InvariantCulture)}\r\n\r\n{before}";
        await reply.WriteAsync(Encoding.ASCII.GetBytes(head));
        var piece = new byte[1024 * 1024];
        Array.Fill(piece, (byte)'x');
        for (var left = size - before.Length - after.Length; left > 0; left -= piece.Length)
        {
            await reply.WriteAsync(left >= piece.Length ? piece : piece[..left]);
        }

        await reply.WriteAsync(Encoding.ASCII.GetBytes(after));
    }
}
