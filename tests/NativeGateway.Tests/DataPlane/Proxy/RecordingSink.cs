using System.Buffers;
using System.Text;
using System.Threading.Channels;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>What a client gets to read.</summary>
internal sealed class RecordingSink : IReplySink
{
    private readonly Channel<string> _sent = Channel.CreateUnbounded<string>();

    public ReplyHeaders Headers { get; } = new();

    public bool CanStream { get; init; } = true;

    /// <summary>The response; null as long as there is none.</summary>
    public string? Response { get; private set; }

    public int Status { get; private set; }

    public bool HasSent => _sent.Reader.Count > 0;

    /// <summary>The next message before the response.</summary>
    public async Task<string> SentAsync() => await _sent.Reader.ReadAsync().AsTask().WaitAsync(Bridge.Limit);

    public ValueTask SendAsync(MessageEditor message)
    {
        _sent.Writer.TryWrite(TextOf(message));
        return ValueTask.CompletedTask;
    }

    public ValueTask CompleteAsync(int status, MessageEditor message)
    {
        Assert.Null(Response);
        Response = TextOf(message);
        Status = status;
        return ValueTask.CompletedTask;
    }

    public ValueTask CompleteEmptyAsync(int status)
    {
        Status = status;
        return ValueTask.CompletedTask;
    }

    private static string TextOf(MessageEditor message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        message.WriteTo(buffer);
        Assert.Equal(message.Length, buffer.WrittenCount);
        Assert.Equal(RpcFault.None, RpcReader.Read(buffer.WrittenSpan, out _));
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
