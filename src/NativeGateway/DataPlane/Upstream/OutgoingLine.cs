using System.Buffers;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// One message on its way to a process's stdin, as a line: a pooled copy, so that a caller may give up while it is written without leaving
/// half a line behind. A line that has not begun can be withdrawn.
/// </summary>
internal sealed class OutgoingLine : IBufferWriter<byte>
{
    private const int Waiting = 0;
    private const int Begun = 1;
    private const int Withdrawn = 2;

    private byte[]? _buffer;
    private int _length;
    private int _state;

    private OutgoingLine(int length, StdioCall? call)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(length + 1);
        Call = call;
    }

    /// <summary>Whose request it is; null for notifications and responses.</summary>
    public StdioCall? Call { get; }

    public int Length => _length;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    public static OutgoingLine Of(MessageEditor message, StdioCall call)
    {
        var line = new OutgoingLine(message.Length, call);
        message.WriteTo(line);
        return line.Finished();
    }

    public static OutgoingLine Of(ReadOnlySpan<byte> message)
    {
        var line = new OutgoingLine(message.Length, null);
        line.Write(message);
        return line.Finished();
    }

    public bool TryBegin() => Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;

    /// <summary>True when nothing of it was sent, and nothing will be.</summary>
    public bool Withdraw() => Interlocked.CompareExchange(ref _state, Withdrawn, Waiting) == Waiting;

    /// <summary>Only by whoever writes it, or instead of writing it.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => _buffer.AsMemory(_length);

    public Span<byte> GetSpan(int sizeHint = 0) => _buffer.AsSpan(_length);

    /// <summary>
    /// Line breaks between JSON tokens are legal, and pretty-printing clients send them, but here they would end the line; within strings
    /// they cannot stand unescaped.
    /// </summary>
    private OutgoingLine Finished()
    {
        var message = _buffer.AsSpan(0, _length);
        message.Replace((byte)'\n', (byte)' ');
        message.Replace((byte)'\r', (byte)' ');
        _buffer![_length++] = (byte)'\n';
        return this;
    }
}
