using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>A stdio upstream over a real process, with everything it reports kept for the test. Disposing stops the process.</summary>
internal sealed class StdioFixture : IAsyncDisposable, IUpstreamEvents
{
    /// <summary>For whatever is expected to happen. Only a broken test ever waits that long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<McpMethod> _listChanges = Channel.CreateUnbounded<McpMethod>();
    private readonly Channel<string> _resourceUpdates = Channel.CreateUnbounded<string>();
    private readonly string _diary = Path.GetTempFileName();

    public StdioFixture(CommandConfig command, TimeProvider? time = null, StdioTimings? timings = null, ProcessSlots? slots = null)
    {
        Slots = slots ?? new ProcessSlots(() => 64);
        Guard = new OrphanGuard(Logs);
        var config = new UpstreamConfig
        {
            Id = Id,
            WorkspaceId = Guid.NewGuid(),
            Key = "scripted",
            Transport = UpstreamTransport.Stdio,
            Command = command with { Arguments = [.. command.Arguments.Select(a => a == "DIARY" ? _diary : a)] },
        };
        Upstream = new StdioUpstream(config, Slots, Guard, this, Logs, time ?? TimeProvider.System, timings);
    }

    public Guid Id { get; } = Guid.NewGuid();

    public StdioUpstream Upstream { get; }

    public ProcessSlots Slots { get; }

    public OrphanGuard Guard { get; }

    public KeptLogs Logs { get; } = new();

    /// <summary>How many processes were started so far (of a scripted server).</summary>
    public int Starts => File.ReadAllLines(_diary).Length;

    public static StdioFixture Scripted(
        string era, TimeProvider? time = null, StdioTimings? timings = null, ProcessSlots? slots = null, Dictionary<string, string>? variables = null) =>
        new(ScriptedCommand(era, variables), time, timings, slots);

    public static CommandConfig ScriptedCommand(string era, Dictionary<string, string>? variables = null) =>
        Command("python3", [Path.Combine(AppContext.BaseDirectory, "DataPlane", "Stdio", "scripted_server.py"), era, "DIARY"], variables);

    /// <summary>The sample server. It speaks both eras, so its answer to the probe is waited for, however busy the machine is.</summary>
    public static StdioFixture Echo() => new(Command("dotnet", [EchoServerPath], null), timings: new StdioTimings { Probe = Patience });

    public static CommandConfig Command(string fileName, IReadOnlyList<string> arguments, Dictionary<string, string>? variables = null) =>
        new(fileName, arguments, variables ?? [], null);

    public async Task<IUpstreamSession> OpenAsync(ClientCapabilities capabilities = ClientCapabilities.None)
    {
        var opening = await Upstream.OpenAsync(capabilities, CancellationToken.None).AsTask().WaitAsync(Patience);
        Assert.Null(opening.Error);
        return opening.Session!;
    }

    public async Task<GatewayError> FailToOpenAsync()
    {
        var opening = await Upstream.OpenAsync(ClientCapabilities.None, CancellationToken.None).AsTask().WaitAsync(Patience);
        Assert.Null(opening.Session);
        return opening.Error!;
    }

    public async Task<McpMethod> NextListChangeAsync() => await _listChanges.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public async Task<string> NextResourceUpdateAsync() => await _resourceUpdates.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public void ListChanged(Guid upstreamId, McpMethod notification)
    {
        Assert.Equal(Id, upstreamId);
        _listChanges.Writer.TryWrite(notification);
    }

    public void HealthChanged(VerdictChanged change) => Assert.Equal(Id, change.UpstreamId);

    public void ResourceUpdated(Guid upstreamId, ReadOnlyMemory<byte> message)
    {
        Assert.Equal(Id, upstreamId);
        _resourceUpdates.Writer.TryWrite(Encoding.UTF8.GetString(message.Span));
    }

    public void ElicitationCompleted(Guid upstreamId, ReadOnlyMemory<byte> message)
    {
        Assert.Equal(Id, upstreamId);
        _resourceUpdates.Writer.TryWrite(Encoding.UTF8.GetString(message.Span));
    }

    public async ValueTask DisposeAsync()
    {
        await Upstream.DisposeAsync().AsTask().WaitAsync(Patience);
        await Guard.DisposeAsync().AsTask().WaitAsync(Patience);
        File.Delete(_diary);
    }

    public static string EchoServerPath
    {
        get
        {
            var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
            return Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "EchoServer", configuration, "EchoServer.dll"));
        }
    }
}

/// <summary>Keeps what is logged, as text, and lets a test wait for a line.</summary>
internal sealed class KeptLogs : ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<string>> _awaited = new();

    public IEnumerable<string> Lines => _lines;

    /// <summary>The first line with that event id, past or to come.</summary>
    public Task<string> FirstAsync(int eventId) => Awaited(eventId).Task.WaitAsync(StdioFixture.Patience);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = formatter(state, exception);
        _lines.Enqueue(line);
        Awaited(eventId.Id).TrySetResult(line);
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    private TaskCompletionSource<string> Awaited(int eventId) =>
        _awaited.GetOrAdd(eventId, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
}

/// <summary>A whole reply, read to its end.</summary>
internal sealed record Reply(IReadOnlyList<JsonElement> Notifications, JsonElement Response)
{
    /// <summary>The text of a tool's first content block.</summary>
    public string Text => Response.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!;
}

/// <summary>Calls through a session as the forwarder makes them.</summary>
internal static class Calls
{
    public static async Task<Reply> ToolAsync(this IUpstreamSession session, string tool, object? arguments = null)
    {
        var sending = await session.SendToolAsync(tool, arguments);
        Assert.Null(sending.Error);
        return await sending.Reply!.ToEndAsync();
    }

    public static async Task<UpstreamSending> SendToolAsync(
        this IUpstreamSession session, string tool, object? arguments = null, CancellationToken cancellationToken = default)
    {
        var id = session.NextId();
        var token = session.NextId();
        var parameters = new { name = tool, arguments = arguments ?? new { }, _meta = new { progressToken = long.Parse(token) } };
        var json = $$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{{JsonSerializer.Serialize(parameters)}}}""";
        return await session.SendJsonAsync(json, id, token, McpMethod.ToolsCall, cancellationToken);
    }

    public static async Task<UpstreamReply> ListenAsync(this IUpstreamSession session)
    {
        var id = session.NextId();
        var json = $$"""{"jsonrpc":"2.0","id":{{id}},"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true} } }""";
        return (await session.SendJsonAsync(json, id, "", McpMethod.SubscriptionsListen)).Reply!;
    }

    public static async Task<UpstreamSending> SendJsonAsync(
        this IUpstreamSession session, string json, string id, string token, McpMethod method, CancellationToken cancellationToken = default)
    {
        var request = new UpstreamRequest { Id = Encoding.ASCII.GetBytes(id), ProgressToken = Encoding.ASCII.GetBytes(token), Method = method };
        request.Message.Reset(Encoding.UTF8.GetBytes(json));
        return await session.SendAsync(request, cancellationToken).AsTask().WaitAsync(StdioFixture.Patience, CancellationToken.None);
    }

    public static string NextId(this IUpstreamSession session)
    {
        Span<byte> digits = stackalloc byte[20];
        return Encoding.ASCII.GetString(digits[..session.NextId(digits)]);
    }

    public static async Task<Reply> ToEndAsync(this UpstreamReply reply)
    {
        await using var _ = reply;
        var notifications = new List<JsonElement>();
        while (true)
        {
            var (element, isResponse) = await reply.NextAsync();
            if (isResponse)
            {
                return new Reply(notifications, element);
            }

            notifications.Add(element);
        }
    }

    public static async Task<(JsonElement Message, bool IsResponse)> NextAsync(this UpstreamReply reply)
    {
        var received = await reply.ReadAsync(CancellationToken.None).AsTask().WaitAsync(StdioFixture.Patience);
        Assert.Null(received.Error);
        using var document = JsonDocument.Parse(received.Bytes);
        return (document.RootElement.Clone(), received.Message.IsResponse);
    }
}
