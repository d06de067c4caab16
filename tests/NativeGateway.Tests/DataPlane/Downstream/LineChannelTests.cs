using System.IO.Pipelines;
using System.Text;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.Protocol;
using NativeGateway.Shared;

namespace NativeGateway.Tests.DataPlane.Downstream;

/// <summary>Lines between the gateway and a client, with the client's ends of both pipes in the test's hands.</summary>
public sealed class LineChannelTests
{
    private readonly Pipe _fromClient = new();
    private readonly Pipe _toClient = new(new PipeOptions(pauseWriterThreshold: 64, resumeWriterThreshold: 32));
    private readonly List<string> _taken = [];
    private readonly LineChannel _channel;

    public LineChannelTests() => _channel = new LineChannel(new Ends(_fromClient.Reader, _toClient.Writer));

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    [Fact]
    public async Task Lines_are_taken_one_by_one_up_to_the_end_with_or_without_a_last_line_end()
    {
        var reading = ReadAsync();
        await SayAsync("one\r\n\n  \ntw");
        await SayAsync("o\nthree");
        await _fromClient.Writer.CompleteAsync();

        await reading.WaitAsync(TestTime.Limit);
        Assert.Equal(["one", "two", "three"], _taken);
    }

    [Fact]
    public async Task A_message_leaves_on_one_line_whatever_line_breaks_it_came_with()
    {
        await WriteAsync("{\r\n \"a\": 1\n}");

        var read = await _toClient.Reader.ReadAsync();
        Assert.Equal("{   \"a\": 1 }\n", Encoding.UTF8.GetString(read.Buffer));
    }

    [Fact]
    public async Task A_client_that_does_not_read_makes_writers_wait_and_is_not_read_from()
    {
        var first = WriteAsync(new string('x', 100));
        var second = WriteAsync("next");
        var reading = ReadAsync();
        await SayAsync("said meanwhile\n");
        Assert.False(first.IsCompleted || second.IsCompleted);
        Assert.Empty(_taken);

        await DrainAsync();
        await Task.WhenAll(first, second).WaitAsync(TestTime.Limit);
        await _fromClient.Writer.CompleteAsync();
        await reading.WaitAsync(TestTime.Limit);
        Assert.Equal(["said meanwhile"], _taken);
    }

    [Fact]
    public async Task A_client_that_is_given_up_holds_nobody()
    {
        var writing = WriteAsync(new string('x', 100));
        var reading = ReadAsync();

        _channel.Abandon();

        await Task.WhenAll(writing, reading, WriteAsync("for nobody")).WaitAsync(TestTime.Limit);
        Assert.True(_channel.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task A_client_that_has_closed_its_end_is_gone_with_the_next_line()
    {
        await _toClient.Reader.CompleteAsync();
        await WriteAsync("{}");

        Assert.True(_channel.Gone.IsCancellationRequested);
    }

    private Task ReadAsync() => _channel.ReadToEndAsync(
        line =>
        {
            _taken.Add(Encoding.UTF8.GetString(line.Bytes.Span));
            return Task.CompletedTask;
        },
        CancellationToken.None);

    private async Task SayAsync(string text) => await _fromClient.Writer.WriteAsync(Encoding.UTF8.GetBytes(text));

    private Task WriteAsync(string message)
    {
        var editor = new MessageEditor();
        editor.Reset(Encoding.UTF8.GetBytes(message));
        return _channel.WriteAsync(editor).AsTask();
    }

    private async Task DrainAsync()
    {
        var read = await _toClient.Reader.ReadAtLeastAsync(101);
        _toClient.Reader.AdvanceTo(read.Buffer.End);
    }
}
