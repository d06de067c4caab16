using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Catalog;

/// <summary>An upstream that answers list requests as its test says. Answers are whole messages with <c>$id</c> in the place of the id.</summary>
internal sealed class FakeUpstream : IUpstreamConnection, IUpstreamSession
{
    private readonly Channel<TaskCompletionSource<GatewayError?>> _openings = Channel.CreateUnbounded<TaskCompletionSource<GatewayError?>>();
    private int _lastId;

    public UpstreamPeer Peer { get; set; } = Samples.Peer();

    public Task Ended => Task.Delay(Timeout.Infinite);

    /// <summary>Makes each opening wait until the test decides how it ends; see <see cref="NextOpeningAsync"/>.</summary>
    public bool IsGated { get; init; }

    public int Openings { get; private set; }

    /// <summary>By method text and cursor token (<c>tools/list</c>, <c>tools/list"abc"</c>): the messages of the reply.</summary>
    public ConcurrentDictionary<string, string[]> Replies { get; } = new();

    /// <summary>Requests as they were sent.</summary>
    public ConcurrentQueue<string> Sent { get; } = new();

    public ConcurrentQueue<string> Posted { get; } = new();

    /// <summary>Answers a method that <see cref="Replies"/> says nothing of.</summary>
    public Func<string, string>? Fallback { get; init; }

    public void Offer(string method, string result, string cursor = "") => Replies[method + cursor] = [Result(result)];

    public void OfferTools(params string[] names) => Offer("tools/list", $$"""{"tools":[{{string.Join(',', names.Select(Samples.Tool))}}]}""");

    public static string Result(string result) => $$"""{"jsonrpc":"2.0","id":$id,"result":{{result}}}""";

    public static string Error(int code) => $$$"""{"jsonrpc":"2.0","id":$id,"error":{"code":{{{code}}},"message":"no"}}""";

    /// <summary>The next opening, which waits until the test completes it: with null it succeeds, with an error it fails.</summary>
    public async Task<TaskCompletionSource<GatewayError?>> NextOpeningAsync() =>
        await _openings.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public bool HasOpening => _openings.Reader.Count > 0;

    public async ValueTask<UpstreamOpening> OpenAsync(UpstreamClient client, CancellationToken cancellationToken)
    {
        Openings++;
        if (!IsGated)
        {
            return new UpstreamOpening(this, null);
        }

        var gate = new TaskCompletionSource<GatewayError?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _openings.Writer.TryWrite(gate);
        var error = await gate.Task.WaitAsync(cancellationToken);
        return error is null ? new UpstreamOpening(this, null) : new UpstreamOpening(null, error);
    }

    public UpstreamHealth Health => throw new NotSupportedException();

    public ValueTask<ProbeOutcome> ProbeAsync(int endpoint, CancellationToken cancellationToken) => throw new NotSupportedException();

    public int NextId(Span<byte> destination)
    {
        System.Buffers.Text.Utf8Formatter.TryFormat(Interlocked.Increment(ref _lastId), destination, out var length);
        return length;
    }

    public ValueTask<UpstreamSending> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        request.Message.WriteTo(buffer);
        Sent.Enqueue(Encoding.UTF8.GetString(buffer.WrittenSpan));
        Assert.Equal(RpcFault.None, RpcReader.Read(buffer.WrittenSpan, out var message));
        Assert.Equal(request.Method, message.MethodCode);
        Assert.Equal(request.Id.ToArray(), message.Id.Of(buffer.WrittenSpan).ToArray());

        var key = Encoding.UTF8.GetString(request.MethodText.Span) + Encoding.UTF8.GetString(message.Cursor.Of(buffer.WrittenSpan));
        if (!Replies.TryGetValue(key, out var answers))
        {
            answers = [Fallback?.Invoke(key) ?? Error(-32601)];
        }

        var id = Encoding.UTF8.GetString(request.Id.Span);
        return ValueTask.FromResult(new UpstreamSending(new Reply(answers.Select(answer => answer.Replace("$id", id))), null));
    }

    public ValueTask<GatewayError?> PostAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        Posted.Enqueue(Encoding.UTF8.GetString(message.Span));
        return ValueTask.FromResult<GatewayError?>(null);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Reply(IEnumerable<string> answers) : UpstreamReply
    {
        private readonly Queue<string> _answers = new(answers);
        private byte[] _current = [];

        public override ValueTask<UpstreamReceived> ReadAsync(CancellationToken cancellationToken)
        {
            // What was read before is not valid any more, as the contract says.
            Array.Clear(_current);
            if (!_answers.TryDequeue(out var answer))
            {
                return ValueTask.FromResult(new UpstreamReceived(default, default, new GatewayError(ErrorKind.UpstreamUnavailable, "broken")));
            }

            _current = Encoding.UTF8.GetBytes(answer);
            var fault = RpcReader.Read(_current, out var message);
            Assert.Equal(RpcFault.None, fault);
            return ValueTask.FromResult(new UpstreamReceived(_current, message, null));
        }

        public override ValueTask DisposeAsync()
        {
            Array.Clear(_current);
            return ValueTask.CompletedTask;
        }
    }
}
