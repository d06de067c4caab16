using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NativeGateway.Shared;
using NativeGateway.Telemetry;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.Telemetry;

public sealed class ConsoleLogTests
{
    [Fact]
    public void A_text_line_has_time_level_category_event_and_message()
    {
        var line = Assert.Single(Lines(ConsoleLogFormat.Text, logger => logger.Listening("http://127.0.0.1:1")));

        Assert.Equal("2026-01-01T00:00:00.000Z info  GatewayHost[1001 Listening]: Listening on http://127.0.0.1:1", line);
    }

    [Fact]
    public void A_json_line_has_the_values_by_name()
    {
        var line = Assert.Single(Lines(ConsoleLogFormat.Json, logger => logger.ConfigurationReloaded(3, 2)));

        using var json = JsonDocument.Parse(line);
        var entry = json.RootElement;
        Assert.Equal("2026-01-01T00:00:00.000Z", entry.GetProperty("time").GetString());
        Assert.Equal("information", entry.GetProperty("level").GetString());
        Assert.Equal("GatewayHost", entry.GetProperty("category").GetString());
        Assert.Equal(1006, entry.GetProperty("event").GetInt32());
        Assert.Equal("ConfigurationReloaded", entry.GetProperty("name").GetString());
        Assert.Equal(3, entry.GetProperty("values").GetProperty("Upstreams").GetInt32());
        Assert.False(entry.GetProperty("values").TryGetProperty("{OriginalFormat}", out _));
    }

    [Theory]
    [InlineData(ConsoleLogFormat.Text)]
    [InlineData(ConsoleLogFormat.Json)]
    internal void A_value_cannot_pass_for_a_line_of_its_own_or_steer_a_terminal(ConsoleLogFormat format)
    {
        var line = Assert.Single(Lines(format, logger => logger.Listening("a\r\n2026 fake\u001b[31m\u2028\u202e\u0085\"}")));

        Assert.True(line.All(c => c is >= ' ' and <= '~'), line);
        Assert.Contains("fake", line, StringComparison.Ordinal);
        if (format == ConsoleLogFormat.Json)
        {
            using var json = JsonDocument.Parse(line);
        }
    }

    [Theory]
    [InlineData(ConsoleLogFormat.Text)]
    [InlineData(ConsoleLogFormat.Json)]
    internal void Of_an_exception_types_and_stack_are_written_but_never_the_message(ConsoleLogFormat format)
    {
        var line = Assert.Single(Lines(format, logger =>
        {
            try
            {
                Throw();
            }
            catch (InvalidOperationException exception)
            {
                logger.RequestFault(exception, "r1");
            }
        }));

        Assert.Contains("InvalidOperationException <- FormatException", line, StringComparison.Ordinal);
        Assert.Contains(nameof(Throw), line, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_is_cut_at_8_KB() =>
        Assert.InRange(Assert.Single(Lines(ConsoleLogFormat.Text, logger => logger.Listening(new string('x', 100_000)))).Length, 8000, 8400);

    [Theory]
    [InlineData(LogLevel.Warning, 0, 1)]
    [InlineData(LogLevel.Information, 1, 1)]
    public void The_level_decides_what_is_written_and_frameworks_are_kept_quiet(LogLevel level, int own, int framework)
    {
        using var stream = new MemoryStream();
        using (var provider = new ConsoleLogProvider(stream, ConsoleLogFormat.Text, new TestClock()))
        {
            using var factory = ConsoleLogProvider.CreateFactory(provider, level);
            factory.CreateLogger("NativeGateway.X").Listening("own");
            factory.CreateLogger("Microsoft.AspNetCore.Server.Kestrel").Listening("framework");
            factory.CreateLogger("Microsoft.AspNetCore.Server.Kestrel").ConfigurationWarning("framework");
        }

        var text = Encoding.UTF8.GetString(stream.ToArray());
        Assert.Equal(own, text.Split("on own").Length - 1);
        Assert.Equal(framework, text.Split("framework").Length - 1);
    }

    [Fact]
    public void When_the_stream_is_stuck_low_levels_go_first_errors_while_there_is_room_and_a_line_says_how_many()
    {
        using var stream = new StuckStream();
        using var provider = new ConsoleLogProvider(stream, ConsoleLogFormat.Text, new TestClock(), capacity: 8);
        var logger = provider.CreateLogger("X");

        // The first line is taken and then stuck in the stream, so the queue is empty again.
        logger.Listening("first");
        Assert.True(stream.Entered.Wait(TestTime.Limit));
        for (var i = 0; i < 10; i++)
        {
            logger.Listening($"low{i}");
        }

        Assert.Equal(4, provider.Dropped);
        for (var i = 0; i < 4; i++)
        {
            logger.ConfigurationFault($"high{i}");
        }

        Assert.Equal(6, provider.Dropped);
        stream.Release.Set();
        provider.Dispose();

        var text = stream.Text;
        Assert.Equal(["low0", "low1", "low2", "low3", "low4", "low5", "high0", "high1"], Words(text, "low", "high"));
        Assert.Contains("6 log entries were dropped", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_stream_is_given_up_on_without_a_fault()
    {
        using var provider = new ConsoleLogProvider(new BrokenStream(), ConsoleLogFormat.Text, new TestClock());
        var logger = provider.CreateLogger("X");

        logger.Listening("a");
        provider.Dispose();
        logger.Listening("b");
    }

    private static void Throw()
    {
        try
        {
            throw new FormatException("s3cret inner");
        }
        catch (FormatException exception)
        {
            throw new InvalidOperationException("s3cret outer", exception);
        }
    }

    private static string[] Lines(ConsoleLogFormat format, Action<ILogger> log)
    {
        using var stream = new MemoryStream();
        using (var provider = new ConsoleLogProvider(stream, format, new TestClock()))
        {
            log(provider.CreateLogger("NativeGateway.Hosting.GatewayHost"));
        }

        return Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static IEnumerable<string> Words(string text, params string[] starts) =>
        text.Split(' ', '\n').Where(word => starts.Any(start => word.StartsWith(start, StringComparison.Ordinal)) && char.IsDigit(word[^1]));

    private sealed class StuckStream : MemoryStream
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Release { get; } = new();

        public string Text => Encoding.UTF8.GetString(ToArray());

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Entered.Set();
            Release.Wait();
            base.Write(buffer);
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("closed");
    }
}
