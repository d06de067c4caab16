using System.IO.Pipelines;
using System.Text;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>A client at the other end of the standard input and output of the aggregate.</summary>
internal sealed class LineClient : IAsyncDisposable
{
    private readonly Pipe _toGateway = new();
    private readonly Pipe _toClient = new();
    private readonly StdioFront _front;
    private readonly StreamReader _lines;
    private readonly Task _reading;

    public LineClient(Func<LineChannel, StdioFront> newFront)
    {
        _front = newFront(new LineChannel(new Pipes(_toGateway.Reader, _toClient.Writer)));
        _lines = new StreamReader(_toClient.Reader.AsStream());
        _reading = _front.ReadAsync(CancellationToken.None);
    }

    public async Task SendAsync(string line) => await _toGateway.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));

    public async Task<string> NextAsync() => (await _lines.ReadLineAsync().WaitAsync(TestTime.Limit))!;

    /// <summary>Closes the client's end and waits until everything is answered.</summary>
    public async ValueTask DisposeAsync()
    {
        await _toGateway.Writer.CompleteAsync();
        await _reading.WaitAsync(TestTime.Limit);
        await _toClient.Reader.CompleteAsync();
        await _front.DrainAsync(new CancellationToken(canceled: true)).WaitAsync(TestTime.Limit);
        _front.Dispose();
        _lines.Dispose();
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
