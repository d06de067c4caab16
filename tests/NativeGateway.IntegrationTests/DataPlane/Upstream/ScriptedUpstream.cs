using System.Net;
using System.Net.Sockets;
using System.Text;
using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>An upstream on a real socket that answers, byte for byte, what a test's script says, and remembers what it was sent.</summary>
internal sealed class ScriptedUpstream : IAsyncDisposable
{
    private readonly Func<ScriptedRequest, Task> _script;
    private CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly List<ScriptedRequest> _requests = [];
    private readonly List<ScriptedRequest> _taken = [];
    private readonly List<Socket> _sockets = [];
    private Socket _listener;
    private Task _accepting = Task.CompletedTask;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="listens">Otherwise the port is taken, but refuses connections until <see cref="Listen"/>.</param>
    public ScriptedUpstream(Func<ScriptedRequest, Task> script, bool listens = true)
    {
        _script = script;
        _listener = Bind(0);
        Url = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/mcp");
        if (listens)
        {
            Listen();
        }
    }

    public Uri Url { get; }

    /// <summary>What came in so far.</summary>
    public IReadOnlyList<ScriptedRequest> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>The same by label.</summary>
    public IReadOnlyList<string> Labels => [.. Requests.Select(request => request.Label)];

    /// <summary>How many connections were opened so far.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
            {
                return _sockets.Count;
            }
        }
    }

    public int Count(string label) => Labels.Count(other => other == label);

    /// <summary>The first request of that label that was not returned before; waits for it.</summary>
    public async Task<ScriptedRequest> NextAsync(string label)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_requests.Find(request => request.Label == label && !_taken.Contains(request)) is { } found)
                {
                    _taken.Add(found);
                    return found;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(TestTime.Limit);
        }
    }

    public void Listen()
    {
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Drops every connection and refuses new ones until <see cref="Listen"/>. The port stays taken, so that no other test gets it.</summary>
    public async Task GoAwayAsync()
    {
        await StopAsync();
        _stopping.Dispose();
        _stopping = new CancellationTokenSource();
        _listener = Bind(Url.Port);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        lock (_gate)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static Socket Bind(int port)
    {
        // Sharing an address is wanted with what is left of earlier connections, not with the sockets of other tests.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (port != 0)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        }

        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        return socket;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stopping.Token);
                lock (_gate)
                {
                    _sockets.Add(socket);
                }

                _ = ServeAsync(socket);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            var buffer = new List<byte>();
            while (await ReadAsync(socket, buffer) is { } request)
            {
                lock (_gate)
                {
                    _requests.Add(request);
                    _changed.SetResult();
                    _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                await _script(request);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // A script may drop its connection, and so may the gateway.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private static async Task<ScriptedRequest?> ReadAsync(Socket socket, List<byte> buffer)
    {
        int end;
        while ((end = Encoding.Latin1.GetString([.. buffer]).IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
        {
            if (!await FillAsync(socket, buffer))
            {
                return null;
            }
        }

        var lines = Encoding.Latin1.GetString([.. buffer.Take(end)]).Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(':', 2))
            .GroupBy(parts => parts[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => string.Join('|', group.Select(parts => parts[1].Trim())), StringComparer.OrdinalIgnoreCase);
        var length = headers.TryGetValue("Content-Length", out var text) ? int.Parse(text, null) : 0;
        while (buffer.Count < end + 4 + length)
        {
            if (!await FillAsync(socket, buffer))
            {
                return null;
            }
        }

        var body = Encoding.UTF8.GetString([.. buffer.Skip(end + 4).Take(length)]);
        buffer.RemoveRange(0, end + 4 + length);
        return new ScriptedRequest(socket, lines[0].Split(' ')[0], lines[0].Split(' ')[1], headers, body);
    }

    private static async Task<bool> FillAsync(Socket socket, List<byte> buffer)
    {
        var bytes = new byte[4096];
        var count = await socket.ReceiveAsync(bytes, SocketFlags.None);
        buffer.AddRange(bytes.Take(count));
        return count > 0;
    }
}
