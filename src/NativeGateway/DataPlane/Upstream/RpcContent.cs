using System.Buffers;
using System.Net;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>One JSON-RPC message as the body of a POST, written from its edits or its bytes. Used for one attempt.</summary>
internal sealed class RpcContent : HttpContent
{
    private readonly MessageEditor? _message;
    private readonly ReadOnlyMemory<byte> _bytes;

    public RpcContent(MessageEditor message)
        : this() => _message = message;

    public RpcContent(ReadOnlyMemory<byte> bytes)
        : this() => _bytes = bytes;

    private RpcContent() => Headers.TryAddWithoutValidation("Content-Type", "application/json");

    /// <summary>Whether any of it may have left: until then the upstream cannot have acted on it.</summary>
    public bool WasStarted { get; private set; }

    protected override bool TryComputeLength(out long length)
    {
        length = _message?.Length ?? _bytes.Length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // A copy, because over HTTP/2 an answer may come, and the caller move on, before all of this was sent.
        WasStarted = true;
        var buffer = _message is null ? new Exact(_bytes.Length) : new Exact(_message.Length);
        if (_message is null)
        {
            buffer.Write(_bytes.Span);
        }
        else
        {
            _message.WriteTo(buffer);
        }

        return WriteAsync(stream, buffer, cancellationToken);
    }

    private static async Task WriteAsync(Stream stream, Exact buffer, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(buffer.Bytes, cancellationToken);
        }
        finally
        {
            buffer.Return();
        }
    }

    /// <summary>A pooled array of a length that is known beforehand.</summary>
    private sealed class Exact(int length) : IBufferWriter<byte>
    {
        private readonly byte[] _array = ArrayPool<byte>.Shared.Rent(length);
        private int _written;

        public ReadOnlyMemory<byte> Bytes => _array.AsMemory(0, _written);

        public void Advance(int count) => _written += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => _array.AsMemory(_written);

        public Span<byte> GetSpan(int sizeHint = 0) => _array.AsSpan(_written);

        public void Return() => ArrayPool<byte>.Shared.Return(_array);
    }
}
