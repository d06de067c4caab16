using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using NativeGateway.DataPlane.Downstream;

namespace NativeGateway.Tests.DataPlane.Downstream;

public class ResumedInputTests
{
    private readonly Pipe _pipe = new();

    [Fact]
    public async Task What_was_read_before_comes_first()
    {
        var input = Resume("abc");
        await SendAsync("def");

        Assert.Equal("abc", await ReadAsync(input, consume: 3));
        Assert.Equal("def", await ReadAsync(input, consume: 3));
    }

    [Fact]
    public async Task What_is_kept_is_seen_again_together_with_what_follows()
    {
        var input = Resume("abc");

        Assert.Equal("abc", await ReadAsync(input, consume: 1));
        await SendAsync("def");
        Assert.Equal("bcdef", await ReadAsync(input, consume: 2));
        await SendAsync("ghi");
        Assert.Equal("defghi", await ReadAsync(input, consume: 6));
        await SendAsync("jkl");
        Assert.Equal("jkl", await ReadAsync(input, consume: 3));
    }

    [Fact]
    public async Task What_was_not_examined_is_there_at_once()
    {
        var input = Resume("abc");
        var first = await input.ReadAsync();
        input.AdvanceTo(first.Buffer.GetPosition(1), first.Buffer.GetPosition(2));

        Assert.True(input.TryRead(out var second));
        Assert.Equal("bc", Encoding.ASCII.GetString(second.Buffer.ToArray()));
        input.AdvanceTo(second.Buffer.Start, second.Buffer.End);
        Assert.False(input.TryRead(out _));
    }

    [Fact]
    public async Task The_end_and_a_cancelled_read_are_told_while_bytes_are_kept()
    {
        var input = Resume("abc");
        await ReadAsync(input, consume: 0);
        var pending = input.ReadAsync();
        Assert.False(pending.IsCompleted);
        input.CancelPendingRead();
        var cancelled = await pending;
        Assert.True(cancelled.IsCanceled);
        input.AdvanceTo(cancelled.Buffer.Start, cancelled.Buffer.End);

        await _pipe.Writer.CompleteAsync();
        var last = await input.ReadAsync();
        Assert.True(last.IsCompleted);
        Assert.Equal("abc", Encoding.ASCII.GetString(last.Buffer.ToArray()));
    }

    private ResumedInput Resume(string received) => new(Encoding.ASCII.GetBytes(received), _pipe.Reader);

    private async Task SendAsync(string text) => await _pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<string> ReadAsync(ResumedInput input, int consume)
    {
        var result = await input.ReadAsync();
        var text = Encoding.ASCII.GetString(result.Buffer.ToArray());
        input.AdvanceTo(result.Buffer.GetPosition(consume), result.Buffer.End);
        return text;
    }
}
