using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Tests.DataPlane.Catalog;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>An upstream that says, message by message, what its test says; and remembers what it was told.</summary>
internal sealed class FakeSession(ProtocolRevision revision, string capabilities = "{}") : IUpstreamConnection, IUpstreamSession
{
    private readonly Channel<FakeReply> _calls = Channel.CreateUnbounded<FakeReply>();
    private readonly Channel<string> _posted = Channel.CreateUnbounded<string>();
    private int _lastId;

    public UpstreamPeer Peer { get; set; } = Samples.Peer(capabilities, revision: revision);

    public Task Ended => Task.Delay(Timeout.Infinite);

    /// <summary>With what sessions were asked for.</summary>
    public ConcurrentQueue<ClientCapabilities> Openings { get; } = new();

    public bool HasPosted => _posted.Reader.Count > 0;

    public bool HasCall => _calls.Reader.Count > 0;

    /// <summary>Set to let posts fail.</summary>
    public GatewayError? PostError { get; set; }

    /// <summary>The next request that was sent, to be answered by the test.</summary>
    public async Task<FakeReply> CalledAsync() => await _calls.Reader.ReadAsync().AsTask().WaitAsync(Bridge.Limit);

    /// <summary>The next notification or response that was sent.</summary>
    public async Task<string> PostedAsync() => await _posted.Reader.ReadAsync().AsTask().WaitAsync(Bridge.Limit);

    public UpstreamHealth Health => throw new NotSupportedException();

    public ValueTask<ProbeOutcome> ProbeAsync(int endpoint, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<UpstreamOpening> OpenAsync(UpstreamClient client, CancellationToken cancellationToken)
    {
        Openings.Enqueue(client.Capabilities);
        return ValueTask.FromResult(new UpstreamOpening(this, null));
    }

    public int NextId(Span<byte> destination)
    {
        System.Buffers.Text.Utf8Formatter.TryFormat(Interlocked.Increment(ref _lastId), destination, out var length);
        return length;
    }

    public ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        request.Message.WriteTo(buffer);
        Assert.Equal(RpcFault.None, RpcReader.Read(buffer.WrittenSpan, out var message));
        Assert.Equal(request.Id.ToArray(), message.Id.Of(buffer.WrittenSpan).ToArray());
        var reply = new FakeReply(Encoding.UTF8.GetString(buffer.WrittenSpan), Encoding.UTF8.GetString(request.Id.Span));
        _calls.Writer.TryWrite(reply);
        return ValueTask.FromResult(new UpstreamSending(reply, null));
    }

    public ValueTask<GatewayError?> PostAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Assert.Equal(RpcFault.None, RpcReader.Read(message.Span, out _));
        _posted.Writer.TryWrite(Encoding.UTF8.GetString(message.Span));
        return ValueTask.FromResult(PostError);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>One request as the upstream got it, and the messages it answers with.</summary>
internal sealed class FakeReply(string request, string id) : UpstreamReply
{
    private readonly Channel<UpstreamReceived> _messages = Channel.CreateUnbounded<UpstreamReceived>();
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _idle;
    private int _reads;
    private int _said;
    private byte[] _current = [];

    public string Request => request;

    public Task Disposed => _disposed.Task.WaitAsync(Bridge.Limit);

    public bool IsDisposed => _disposed.Task.IsCompleted;

    /// <param name="message">With <c>$id</c> in the place of the request's id.</param>
    public void Say(string message)
    {
        var bytes = Encoding.UTF8.GetBytes(message.Replace("$id", id));
        Assert.Equal(RpcFault.None, RpcReader.Read(bytes, out var head));
        Push(new UpstreamReceived(bytes, head, null));
    }

    public void Answer(string result) => Say($$$"""{"jsonrpc":"2.0","id":$id,"result":{{{result}}}}""");

    public void Ask(string id, string method, string parameters) =>
        Say($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"{{{method}}}","params":{{{parameters}}}}""");

    public void Break() => Push(new UpstreamReceived(default, default, new GatewayError(ErrorKind.UpstreamUnavailable, "It broke.")));

    /// <summary>Completes when all that was said has been read and somebody waits for more.</summary>
    public Task ReadAsync()
    {
        lock (_gate)
        {
            if (_reads > _said)
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task.WaitAsync(Bridge.Limit);
        }
    }

    public override async ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken)
    {
        Assert.False(IsDisposed);

        // What was read before is not valid any more, as the contract says.
        Array.Clear(_current);
        lock (_gate)
        {
            if (++_reads > _said)
            {
                _idle?.SetResult();
                _idle = null;
            }
        }

        var received = await _messages.Reader.ReadAsync(cancellationToken);
        _current = received.Bytes.ToArray();
        return received with { Bytes = _current };
    }

    public override ValueTask DisposeAsync()
    {
        Array.Clear(_current);
        Assert.True(_disposed.TrySetResult());
        return ValueTask.CompletedTask;
    }

    private void Push(UpstreamReceived message)
    {
        lock (_gate)
        {
            _said++;
            _messages.Writer.TryWrite(message);
        }
    }
}
