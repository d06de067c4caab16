using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

public class SseReaderTests
{
    private const string Stream =
        ": a comment\n\n"
        + "id: 1\nretry: 250\ndata:\n\n"
        + "event: message\nid: 2\ndata: {\"a\":1}\n\n"
        + "data:first\ndata: second\ndata\ndata:  third\n\n"
        + "event: other\ndata: skipped by whoever wants messages\n\n"
        + "unknown: field\nid\ndata: ä€😀\n\n"
        + "id: 4\ndata: never finished";

    private static readonly string[] Data = ["{\"a\":1}", "first\nsecond\n\n third", "skipped by whoever wants messages", "ä€😀"];

    public static TheoryData<string> LineEnds => ["\n", "\r", "\r\n"];

    [Theory]
    [MemberData(nameof(LineEnds))]
    public void A_stream_reads_the_same_wherever_it_is_split(string lineEnd)
    {
        var bytes = Encoding.UTF8.GetBytes(Stream.Replace("\n", lineEnd, StringComparison.Ordinal));
        for (var split = 0; split <= bytes.Length; split++)
        {
            using var reader = new SseReader(1024, 16);
            List<string> events = [];

            Feed(reader, bytes.AsSpan(0, split), events);
            Feed(reader, bytes.AsSpan(split), events);

            Assert.Equal(Data, events);
        }
    }

    [Theory]
    [MemberData(nameof(LineEnds))]
    public void A_stream_reads_the_same_byte_by_byte(string lineEnd)
    {
        var bytes = Encoding.UTF8.GetBytes(Stream.Replace("\n", lineEnd, StringComparison.Ordinal));
        using var reader = new SseReader(1024, 16);
        List<string> events = [];
        foreach (var one in bytes)
        {
            Feed(reader, [one], events);
        }

        Assert.Equal(Data, events);
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_first_line()
    {
        var bytes = Encoding.UTF8.GetBytes("\uFEFFdata: x\n\n");
        for (var split = 0; split <= bytes.Length; split++)
        {
            using var reader = new SseReader(1024);
            List<string> events = [];

            Feed(reader, bytes.AsSpan(0, split), events);
            Feed(reader, bytes.AsSpan(split), events);

            Assert.Equal(["x"], events);
        }
    }

    [Fact]
    public void An_id_counts_when_its_event_is_whole_and_stays_until_another_one_comes()
    {
        using var reader = new SseReader(1024);

        Assert.Equal(SseKind.None, Fill(reader, "id: a\ndata: x\n"));
        Assert.Null(reader.LastEventId);
        Assert.Equal(SseKind.Event, Fill(reader, "\n"));
        Assert.Equal("a", reader.LastEventId);
        Assert.Equal(SseKind.Event, Fill(reader, "data: y\n\n"));
        Assert.Equal("a", reader.LastEventId);
    }

    [Fact]
    public void The_id_of_an_event_without_data_counts()
    {
        using var reader = new SseReader(1024);

        Assert.Equal(SseKind.None, Fill(reader, "id: first\nretry: 40\ndata:\n\n"));

        Assert.Equal("first", reader.LastEventId);
        Assert.Equal(TimeSpan.FromMilliseconds(40), reader.Retry);
    }

    [Fact]
    public void An_empty_id_takes_the_last_one_back()
    {
        using var reader = new SseReader(1024);
        Fill(reader, "id: a\ndata: x\n\n");

        Fill(reader, "id:\ndata: y\n\n");

        Assert.Null(reader.LastEventId);
    }

    [Theory]
    [InlineData("id: a\0b\ndata: x\n\n")]
    [InlineData("retry: 1s\ndata: x\n\n")]
    [InlineData("retry: -5\ndata: x\n\n")]
    [InlineData("retry:\ndata: x\n\n")]
    [InlineData("retry: 99999999999999999999\ndata: x\n\n")]
    public void Malformed_fields_are_ignored(string text)
    {
        using var reader = new SseReader(1024);

        Assert.Equal(SseKind.Event, Fill(reader, text));

        Assert.Null(reader.LastEventId);
        Assert.Null(reader.Retry);
    }

    [Theory]
    [InlineData("data: x\n\n", true)]
    [InlineData("event: message\ndata: x\n\n", true)]
    [InlineData("event\ndata: x\n\n", true)]
    [InlineData("event: endpoint\ndata: x\n\n", false)]
    [InlineData("event: message-but-longer-than-that\ndata: x\n\n", false)]
    public void Only_events_named_message_or_not_at_all_are_messages(string text, bool isMessage)
    {
        using var reader = new SseReader(1024);

        Assert.Equal(SseKind.Event, Fill(reader, text));

        Assert.Equal(isMessage, reader.IsMessage);
    }

    [Fact]
    public void The_name_of_an_event_does_not_stick_to_the_next_one()
    {
        using var reader = new SseReader(1024);
        Fill(reader, "event: other\ndata: x\n\nevent: other\n\n");

        Assert.Equal(SseKind.None, reader.Next(out _));
        Assert.Equal(SseKind.Event, Fill(reader, "data: y\n\n"));

        Assert.True(reader.IsMessage);
    }

    [Theory]
    [InlineData(100, "Event")]
    [InlineData(101, "TooLarge")]
    public void An_event_may_be_as_long_as_allowed_and_no_longer(int length, string expected)
    {
        using var reader = new SseReader(100, 16);

        Assert.Equal(expected, Fill(reader, $"data: {new string('x', length)}\n\n").ToString());
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData("")]
    [InlineData(": ")]
    public void A_line_without_an_end_is_given_up_in_time(string beginning)
    {
        using var reader = new SseReader(100, 16);

        Assert.Equal(SseKind.TooLarge, Fill(reader, beginning + new string('x', 400)));
    }

    [Fact]
    public void Many_data_lines_count_together()
    {
        using var reader = new SseReader(100, 16);

        Assert.Equal(SseKind.TooLarge, Fill(reader, string.Concat(Enumerable.Repeat("data: 0123456789\n", 10)) + "\n"));
    }

    [Fact]
    public void Events_allocate_nothing_once_the_reader_runs()
    {
        using var reader = new SseReader(64 * 1024);
        var bytes = Encoding.UTF8.GetBytes($"event: message\nid: 12\ndata: {new string('x', 3000)}\n\n");
        Feed(reader, bytes, null);
        Feed(reader, bytes, null);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 100; i++)
        {
            Feed(reader, bytes, null);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Feed(SseReader reader, ReadOnlySpan<byte> bytes, List<string>? events)
    {
        while (!bytes.IsEmpty)
        {
            var target = reader.GetMemory().Span;
            var length = Math.Min(target.Length, bytes.Length);
            bytes[..length].CopyTo(target);
            reader.Advance(length);
            bytes = bytes[length..];
            while (reader.Next(out var data) == SseKind.Event)
            {
                events?.Add(Encoding.UTF8.GetString(data.Span));
            }
        }
    }

    /// <summary>What is found first, or at last nothing.</summary>
    private static SseKind Fill(SseReader reader, string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        while (!bytes.IsEmpty)
        {
            var target = reader.GetMemory().Span;
            var length = Math.Min(target.Length, bytes.Length);
            bytes[..length].CopyTo(target);
            reader.Advance(length);
            bytes = bytes[length..];
            if (reader.Next(out _) is var kind && kind != SseKind.None)
            {
                return kind;
            }
        }

        return SseKind.None;
    }
}
