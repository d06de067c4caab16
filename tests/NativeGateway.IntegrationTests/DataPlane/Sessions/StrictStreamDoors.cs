using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using NativeGateway.Model;

namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>HTTP+SSE: POSTs are accepted, everything is said on the event stream.</summary>
internal sealed class StrictSseDoor : IAsyncDisposable
{
    private readonly StrictServer _server;
    private readonly SseScript _script;
    private readonly ScriptedUpstream _upstream;
    private readonly ConcurrentDictionary<string, StrictConversation> _connections = new();

    public StrictSseDoor(StrictServer server)
    {
        _server = server;
        _script = new SseScript();
        _upstream = new ScriptedUpstream(request => request.Method == "GET" ? _script.RunAsync(request) : TakeAsync(request));
    }

    public Uri Url => _upstream.Url;

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private async Task TakeAsync(ScriptedRequest request)
    {
        foreach (var header in request.Headers.Keys.Where(name => name.StartsWith("Mcp-", StringComparison.OrdinalIgnoreCase)))
        {
            _server.Blame($"{request.Label}: the header {header}");
        }

        // Each connection is told an address of its own for its messages.
        var answer = _server.Take(_connections.GetOrAdd(request.Target, _ => new StrictConversation()), request.Body);
        await request.AnswerAsync(answer.Status == 200 ? 202 : answer.Status);
        foreach (var message in answer.Messages)
        {
            await _script.SayAsync(message.Replace("\n", "\ndata: ", StringComparison.Ordinal));
        }
    }
}

/// <summary>A process of which the test holds both ends: what it is told comes here by a socket, and what is said here it says.</summary>
internal sealed class StrictStdioDoor : IAsyncDisposable
{
    private const string Relay = """exec 3<>/dev/tcp/127.0.0.1/$0; cat <&3 & cat >&3; kill $!""";

    private readonly StrictServer _server;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;

    public StrictStdioDoor(StrictServer server)
    {
        _server = server;
        _listener.Start();
        _serving = ServeAsync();
    }

    public CommandConfig Command =>
        new("bash", ["-c", Relay, $"{((IPEndPoint)_listener.LocalEndpoint).Port}"], new Dictionary<string, string>(), null);

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await TalkAsync(client.GetStream());
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }

    private async Task TalkAsync(NetworkStream stream)
    {
        var conversation = new StrictConversation();
        using var lines = new StreamReader(stream, new UTF8Encoding(false, true));
        while (await lines.ReadLineAsync() is { } line)
        {
            foreach (var message in _server.Take(conversation, line).Messages)
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes($"{message.Replace('\n', ' ')}\n"));
            }
        }
    }
}
