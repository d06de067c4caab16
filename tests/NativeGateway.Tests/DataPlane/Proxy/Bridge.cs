using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Tests.DataPlane.Catalog;
using NativeGateway.Tests.Shared;
using UpstreamModel = NativeGateway.Model.Upstream;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>The forwarding part of the gateway between a client that the test plays and one upstream that it plays, too.</summary>
internal sealed class Bridge : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly UpstreamTable _upstreams;
    private readonly LocalMethods _local;
    private readonly Forwarder _forwarder;
    private readonly ErrorResponder _responder = new(NullLogger.Instance, static _ => { });
    private readonly SessionTable _sessions;

    /// <param name="timeout">Of the server; 30 s if not said.</param>
    public Bridge(ProtocolRevision upstream, string upstreamCapabilities = "{}", TimeSpan? timeout = null)
    {
        Upstream = new FakeSession(upstream, upstreamCapabilities);
        var server = Samples.Upstream("files");
        Server = Samples.Upstream(server.Config with { Timeout = timeout ?? server.Config.Timeout });
        Caller = CallerNamed("key-1");
        _upstreams = new UpstreamTable(_ => Upstream, TimeProvider.System);
        _upstreams.Apply(Samples.Snapshot(Samples.Workspace(Server)));
        _sessions = new SessionTable(new SessionIds(new StateSeal(new byte[32]), Clock), Clock, _ => { }, _ => { });
        Suspended = new SuspendedCalls(Clock, NullLogger.Instance);
        Visits = new PageVisits(Clock);
        ReadOnlyMemory<byte> info = """{"name":"gateway","version":"1"}"""u8.ToArray();
        var states = new RequestStates(new StateSeal(new byte[32]), Clock);
        var writer = new ReplyWriter(states, Visits, new TaskIds(new StateSeal(new byte[32])), Clock, info);
        var logLevels = new LogLevels(_upstreams, new CatalogTable([], NullLogger.Instance), _sessions, Clock);
        var suspending = new SuspendingRelay(writer, Suspended, states, logLevels, Clock);
        _forwarder = new Forwarder(
            _upstreams,
            new RevisionBridge(info),
            new ReplyRelay(writer, suspending, Visits, Clock),
            suspending,
            new ClientInput(Clock),
            states,
            Visits,
            logLevels,
            Clock);
        _local = new LocalMethods(null!, null!, null!, null!);
    }

    public TestClock Clock { get; } = new();

    public FakeSession Upstream { get; }

    public UpstreamModel Server { get; }

    public SuspendedCalls Suspended { get; }

    public PageVisits Visits { get; }

    public Caller Caller { get; set; }

    /// <summary>Calls come in on <c>/mcp</c> and not on <c>/mcp/{server}</c>.</summary>
    public bool OnAggregate { get; set; }

    public Caller CallerNamed(string keyId) => new()
    {
        KeyId = keyId,
        Name = keyId,
        OrganizationId = Guid.Empty,
        Workspace = Samples.Workspace(Server),
        Scopes = KeyScopes.Mcp,
        Permissions = Permissions.Everything,
        Limits = null,
        OrganizationLimits = null,
        AllowedNetworks = null,
    };

    public Session OpenSession(ProtocolRevision revision, ClientCapabilities capabilities) =>
        _sessions.Open(new SessionOwner(Caller.KeyId, Samples.WorkspaceId, null), revision, capabilities).Session!;

    /// <summary>Moves the time on as soon as somebody waits for that.</summary>
    public async Task PassAsync(TimeSpan span)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!Clock.HasTimerWithin(span))
        {
            Assert.True(started.Elapsed < Limit, "Nobody waits.");
            await Task.Yield();
        }

        Clock.Advance(span);
    }

    /// <summary>A request of a modern client.</summary>
    public BridgeCall Modern(string method, string parameters, string capabilities = "{}", object? id = null, string meta = "")
    {
        var separator = parameters.Length == 0 ? "" : ",";
        var body = $$$$"""
            {"jsonrpc":"2.0","id":{{{{id ?? 1}}}},"method":"{{{{method}}}}","params":{{{{{parameters}}}}{{{{separator}}}}
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{{{capabilities}}}}{{{{meta}}}}}}}
            """;
        return Start(body, ProtocolRevision.V20260728, null, new RecordingSink());
    }

    /// <summary>A message of a legacy client.</summary>
    public BridgeCall Legacy(Session? session, string body, bool canStream = true, ProtocolRevision? revision = null) =>
        Start(body, session?.Revision ?? revision ?? ProtocolRevision.V20251125, session, new RecordingSink { CanStream = canStream });

    public async ValueTask DisposeAsync()
    {
        await Suspended.DisposeAsync();
        await _upstreams.DisposeAsync();
        _sessions.Dispose();
    }

    private BridgeCall Start(string body, ProtocolRevision revision, Session? session, RecordingSink sink)
    {
        var call = new BridgeCall(sink);
        call.Run(RunAsync(call, body, revision, session));
        return call;
    }

    private async Task RunAsync(BridgeCall call, string body, ProtocolRevision revision, Session? session)
    {
        await Task.Yield();
        var head = new RequestHead { Number = default, RemoteAddress = IPAddress.Loopback };
        var bytes = Encoding.UTF8.GetBytes(body);
        var exchange = new Exchange(head, call.Sink, PipeReader.Create(new ReadOnlySequence<byte>(bytes)), call.ClientGone.Token)
        {
            Snapshot = Samples.Snapshot(Samples.Workspace(Server)),
            Caller = Caller,
            Revision = revision,
            Session = session,
            Single = OnAggregate ? null : Server,
        };
        Assert.Null(await exchange.ReadBodyAsync(int.MaxValue));
        Assert.Equal(RpcFault.None, RpcReader.Read(exchange.Body.Span, out exchange.Message));
        GatewayError? error;
        if (exchange.Message.Kind == RpcKind.Request)
        {
            exchange.Target = Server;
            var named = exchange.Message.Name.IsPresent ? exchange.Message.Name : exchange.Message.Uri;
            exchange.OwnName = exchange.Text(named).Trim((byte)'"').ToArray();
            error = await _forwarder.SendAsync(exchange);
        }
        else
        {
            error = await _local.AnswerAsync(exchange);
        }

        call.Error = error;
        if (error is not null)
        {
            await _responder.WriteAsync(exchange, error);
        }

        // The memory of the message is somebody else's from now on.
        exchange.ReleaseBody();
        Array.Clear(bytes);
    }
}

/// <summary>One message of the client on its way.</summary>
internal sealed class BridgeCall(RecordingSink sink)
{
    private Task _running = Task.CompletedTask;

    public RecordingSink Sink => sink;

    public CancellationTokenSource ClientGone { get; } = new();

    /// <summary>Why the gateway itself refused or failed.</summary>
    public GatewayError? Error { get; set; }

    public bool IsOver => _running.IsCompleted;

    public void Run(Task running) => _running = running;

    public Task EndedAsync() => _running.WaitAsync(Bridge.Limit);

    /// <summary>The response, when it has come.</summary>
    public async Task<JsonObject> ResponseAsync()
    {
        await EndedAsync();
        return JsonNode.Parse(sink.Response ?? throw new InvalidOperationException("There was no response."))!.AsObject();
    }

    public async Task<JsonObject> ResultAsync() => (await ResponseAsync())["result"]!.AsObject();

    public async Task<int> ErrorCodeAsync() => (int)(await ResponseAsync())["error"]!["code"]!;
}
