using System.Text;
using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

public sealed class LineReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void Lines_come_out_whole_however_their_bytes_come_in(int step)
    {
        string[] lines = ["first", "sécond", new string('x', 500), "last"];

        Assert.Equal(lines, Read(string.Join("\n", lines) + "\n", step));
    }

    [Fact]
    public void Line_ends_of_Windows_blank_lines_trailing_blanks_and_byte_order_marks_are_dropped() =>
        Assert.Equal(["a", " b c", "d"], Read("\uFEFFa\r\n\r\n  \n\n b c\t\r\nd\n", 4));

    [Fact]
    public void A_line_without_an_end_is_only_in_the_rest()
    {
        using var reader = new LineReader(100, 16);

        Assert.Empty(Fill(reader, "half a li", 2));

        Assert.Equal("half a li", Encoding.UTF8.GetString(reader.Rest().Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void A_line_that_is_too_long_is_cut_once_and_the_next_one_is_whole(int step) =>
        Assert.Equal(["short", "cut:" + new string('x', 40), "after"], Read($"short\n{new string('x', 300)}\nafter\n", step, 40));

    [Fact]
    public void A_line_of_exactly_the_limit_is_whole() =>
        Assert.Equal([new string('x', 40)], Read(new string('x', 40) + "\n", 9, 40));

    private static List<string> Read(string text, int step, int maxLine = 1000)
    {
        using var reader = new LineReader(maxLine, 16);
        return Fill(reader, text, step);
    }

    private static List<string> Fill(LineReader reader, string text, int step)
    {
        var lines = new List<string>();
        var bytes = Encoding.UTF8.GetBytes(text).AsMemory();
        while (!bytes.IsEmpty)
        {
            var memory = reader.GetMemory();
            Assert.False(memory.IsEmpty);
            var count = Math.Min(step, Math.Min(bytes.Length, memory.Length));
            bytes[..count].CopyTo(memory);
            bytes = bytes[count..];
            reader.Advance(count);
            while (reader.Next(out var line) is var kind && kind != LineKind.None)
            {
                lines.Add((kind == LineKind.Cut ? "cut:" : "") + Encoding.UTF8.GetString(line.Span));
            }
        }

        return lines;
    }
}
