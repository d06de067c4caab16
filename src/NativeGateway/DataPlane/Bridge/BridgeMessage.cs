using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>
/// What a client wrote on one line, on its way to the remote endpoint, and the answers that it still waits for. The bytes are a copy and are
/// never changed. Used by one logical thread, apart from what says otherwise.
/// </summary>
internal sealed class BridgeMessage
{
    private readonly List<byte[]> _awaited = [];
    private volatile bool _isGivenUp;

    /// <param name="fault">What reading the line's head found: nothing, or a batch.</param>
    public BridgeMessage(ReadOnlySpan<byte> line, in RpcMessage head, RpcFault fault)
    {
        Bytes = line.ToArray();
        Head = head;
        IsBatch = fault == RpcFault.Batch;
        if (IsBatch)
        {
            AwaitBatch();
        }
        else if (head.Kind == RpcKind.Request)
        {
            _awaited.Add(head.Id.Of(line).ToArray());
        }

        Revision = JsonText.GetString(head.MetaVersion.Of(line));
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    public RpcMessage Head { get; }

    public bool IsBatch { get; }

    /// <summary>What the message itself says it is written in; null for one of a legacy session.</summary>
    public string? Revision { get; }

    public bool IsModern => Revision is not null;

    public bool IsInitialize => Head.MethodCode == McpMethod.Initialize && !IsModern;

    /// <summary>Raw id tokens of requests without an answer; none once the client has cancelled.</summary>
    public IReadOnlyList<byte[]> Awaited => _isGivenUp ? [] : _awaited;

    /// <summary>The client waits for no answer any more. Any thread.</summary>
    public void GiveUp() => _isGivenUp = true;

    public void Answered(ReadOnlySpan<byte> id)
    {
        for (var i = 0; i < _awaited.Count; i++)
        {
            if (id.SequenceEqual(_awaited[i]))
            {
                _awaited.RemoveAt(i);
                return;
            }
        }
    }

    private void AwaitBatch()
    {
        var bytes = Bytes.Span;
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var element = bytes[start..(int)reader.BytesConsumed];
            if (RpcReader.Read(element, out var message) == RpcFault.None && message.Kind == RpcKind.Request)
            {
                _awaited.Add(message.Id.Of(element).ToArray());
            }
        }
    }
}
