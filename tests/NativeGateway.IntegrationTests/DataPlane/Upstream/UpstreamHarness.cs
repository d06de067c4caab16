using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>An upstream over HTTP under test with everything it needs.</summary>
internal sealed class UpstreamHarness : IAsyncDisposable, IUpstreamEvents
{
    private readonly HttpUpstreamClients _clients = new();
    private readonly Channel<McpMethod> _listChanges = Channel.CreateUnbounded<McpMethod>();
    private readonly Channel<string> _updates = Channel.CreateUnbounded<string>();

    public UpstreamHarness(params Uri[] urls)
        : this(new UpstreamHarnessOptions(), urls)
    {
    }

    public UpstreamHarness(UpstreamHarnessOptions options, params Uri[] urls)
    {
        var config = new UpstreamConfig
        {
            Id = Guid.NewGuid(),
            WorkspaceId = Guid.NewGuid(),
            Key = "up",
            Transport = options.IsSse ? UpstreamTransport.Sse : UpstreamTransport.StreamableHttp,
            Endpoints = [.. urls.Select((url, index) => new EndpointConfig(url, Priority: options.IsPool ? 0 : options.Reversed ? -index : index))],
            Headers = options.Headers,
            Timeout = options.Timeout,
        };
        var client = options.IsGuarded ? _clients.Guarded : _clients.Trusted;
        Upstream = options.IsSse
            ? new SseUpstream(config, this, client, options.Time, NullLogger.Instance)
            : new HttpUpstream(config, this, client, options.Time, NullLogger.Instance);
    }

    public IUpstreamConnection Upstream { get; }

    /// <summary>What became of the endpoints' health, in order.</summary>
    public ConcurrentQueue<VerdictChanged> Verdicts { get; } = new();

    public async Task<IUpstreamSession> OpenAsync(ClientCapabilities capabilities = ClientCapabilities.None)
    {
        var opening = await TryOpenAsync(capabilities);
        Assert.Null(opening.Error);
        return opening.Session!;
    }

    public async Task<GatewayError> FailToOpenAsync()
    {
        var opening = await TryOpenAsync(ClientCapabilities.None);
        Assert.Null(opening.Session);
        return opening.Error!;
    }

    public Task<UpstreamOpening> TryOpenAsync(ClientCapabilities capabilities) =>
        Upstream.OpenAsync(capabilities, CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);

    /// <summary>Opens, calls a tool, and reads the reply to its end.</summary>
    public async Task<Outcome> CallAsync() => await CallAsync(await OpenAsync());

    public static async Task<Outcome> CallAsync(IUpstreamSession session, Action<UpstreamRequest>? edit = null)
    {
        var request = ToolCall(session);
        edit?.Invoke(request);
        var sending = await session.SendAsync(request, CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);
        return sending.Reply is { } reply ? await ReadAsync(reply) : new Outcome([], sending.Error);
    }

    public static async Task<Outcome> ReadAsync(UpstreamReply reply)
    {
        await using (reply)
        {
            List<string> messages = [];
            while (true)
            {
                var received = await reply.ReadAsync(CancellationToken.None).AsTask().WaitAsync(TestTime.Limit);
                if (received.Error is not null)
                {
                    return new Outcome(messages, received.Error);
                }

                messages.Add(Encoding.UTF8.GetString(received.Bytes.Span));
                if (received.Message.IsResponse)
                {
                    return new Outcome(messages, null);
                }
            }
        }
    }

    public static UpstreamRequest ToolCall(IUpstreamSession session)
    {
        var id = new byte[20];
        var request = new UpstreamRequest
        {
            Method = McpMethod.ToolsCall,
            MethodText = "tools/call"u8.ToArray(),
            MirroredName = "echo"u8.ToArray(),
            Id = id.AsMemory(0, session.NextId(id)),
        };
        request.Message.Reset("""{"jsonrpc":"2.0","id":"client","method":"tools/call","params":{"name":"echo","arguments":{"text":"grüße"}}}"""u8.ToArray());
        request.Message.Replace(new ByteRange(22, 8), request.Id);
        return request;
    }

    public Task<McpMethod> NextListChangeAsync() => _listChanges.Reader.ReadAsync().AsTask().WaitAsync(TestTime.Limit);

    public Task<string> NextUpdateAsync() => _updates.Reader.ReadAsync().AsTask().WaitAsync(TestTime.Limit);

    public bool HasListChange => _listChanges.Reader.TryPeek(out _);

    void IUpstreamEvents.HealthChanged(VerdictChanged change) => Verdicts.Enqueue(change);

    void IUpstreamEvents.ListChanged(Guid upstreamId, McpMethod notification) => _listChanges.Writer.TryWrite(notification);

    void IUpstreamEvents.ResourceUpdated(Guid upstreamId, ReadOnlyMemory<byte> message) =>
        _updates.Writer.TryWrite(Encoding.UTF8.GetString(message.Span));

    void IUpstreamEvents.ElicitationCompleted(Guid upstreamId, ReadOnlyMemory<byte> message) =>
        _updates.Writer.TryWrite(Encoding.UTF8.GetString(message.Span));

    public async ValueTask DisposeAsync()
    {
        await Upstream.DisposeAsync();
        _clients.Dispose();
    }
}

/// <summary>What came of a request: the messages in order, and the error that ended them.</summary>
internal sealed record Outcome(IReadOnlyList<string> Messages, GatewayError? Error)
{
    public string Last => Messages[^1];

    public static string ResultOf(string id, string result) => $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""";
}

internal sealed record UpstreamHarnessOptions
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    public bool IsGuarded { get; init; }

    /// <summary>Configured as an upstream of HTTP+SSE.</summary>
    public bool IsSse { get; init; }

    /// <summary>All addresses are alike; otherwise the first is preferred.</summary>
    public bool IsPool { get; init; }

    /// <summary>The last address is the preferred one.</summary>
    public bool Reversed { get; init; }
}
