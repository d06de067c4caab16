using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using NativeGateway.NativeTests.Wire;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>
/// A scripted MCP server over HTTP/1.1 on a loopback port, written by hand down to the bytes, so that it can misbehave in every way.
/// </summary>
internal abstract class HttpUpstream : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Socket, bool> _connections = new();
    private readonly CancellationTokenSource _disposed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _listener;

    /// <summary>Keeps the port while nobody listens on it.</summary>
    private Socket? _holder;
    private Task _accepting = Task.CompletedTask;

    protected HttpUpstream()
    {
        Tools = new ToolScripts(this);
        Start();
    }

    public int Port { get; private set; }

    public string Url => $"http://127.0.0.1:{Port}/mcp";

    public ToolScripts Tools { get; }

    /// <summary>Everything that was received, in the order of arrival.</summary>
    public ConcurrentQueue<UpstreamRequest> Requests { get; } = new();

    /// <summary>Ends when the upstream is disposed: what hangs, hangs until then.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The tool calls that were received.</summary>
    public IEnumerable<UpstreamRequest> Calls => Requests.Where(request => request.Method == "tools/call");

    /// <summary>Accepts connections, after a stop on the same port again.</summary>
    public void Start()
    {
        _holder?.Dispose();
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen(2048);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _listener = listener;
        _accepting = AcceptAsync(listener);
    }

    /// <summary>As if the process was killed: the port refuses connections (and is kept from others), and every connection is reset.</summary>
    public async Task StopAsync()
    {
        await CloseAsync();
        _holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _holder.Bind(new IPEndPoint(IPAddress.Loopback, Port));
    }

    public void BreakConnections()
    {
        foreach (var connection in _connections.Keys)
        {
            Reset(connection);
        }
    }

    /// <summary>Closes a connection without a farewell.</summary>
    public static void Reset(Socket connection)
    {
        try
        {
            connection.LingerState = new LingerOption(true, 0);
        }
        catch (Exception gone) when (gone is ObjectDisposedException or SocketException)
        {
            // The gateway was faster.
        }

        connection.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _ended.TrySetResult();
        await _disposed.CancelAsync();
        await CloseAsync();
        _holder?.Dispose();
        _disposed.Dispose();
    }

    /// <summary>Answers one request; the connection is kept afterwards.</summary>
    protected abstract Task AnswerAsync(UpstreamRequest request, UpstreamReply reply);

    private async Task CloseAsync()
    {
        _listener?.Dispose();
        await _accepting;
        BreakConnections();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket connection;
            try
            {
                connection = await listener.AcceptAsync();
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }

            connection.NoDelay = true;
            _connections[connection] = true;
            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using var stream = new NetworkStream(connection, ownsSocket: true);
        var reader = new WireReader(stream);
        try
        {
            while (await reader.ReadHeadAsync(_disposed.Token) is { } head && await reader.ReadBodyAsync(head, _disposed.Token) is { } body)
            {
                var request = new UpstreamRequest(head, body);
                Requests.Enqueue(request);
                var reply = new UpstreamReply(stream, connection);
                Tools.Received(request);
                await AnswerAsync(request, reply);
                if (reply.IsBroken)
                {
                    break;
                }
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The gateway closed the connection, or the test did.
        }
        finally
        {
            _connections.TryRemove(connection, out _);
        }
    }
}
