using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Telemetry;

/// <summary>What an exporter sent.</summary>
/// <param name="Head">Request line and headers.</param>
internal sealed record Exported(string Head, byte[] Body)
{
    public string Path => Head.Split(' ')[1];

    /// <summary>The resources of the request, each with its scopes: <c>ResourceSpans</c> or <c>ResourceMetrics</c>.</summary>
    public ProtobufFields Resource => new ProtobufFields(Body).Message(1);

    /// <summary>Spans or metrics.</summary>
    public IEnumerable<ProtobufFields> Items => Resource.Messages(2).SelectMany(scope => scope.Messages(2));
}

/// <summary>A collector's HTTP receiver on a real socket: keeps what it got, and answers with the statuses that it is told, then with 200.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<int> _statuses;
    private readonly List<Exported> _all = [];
    private readonly Task _accepting;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OtlpCollector(params int[] statuses)
    {
        _statuses = new(statuses);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>The first that fits among what came and what comes.</summary>
    public async Task<T> FindAsync<T>(Func<IReadOnlyList<Exported>, T?> find)
        where T : class
    {
        using var deadline = new CancellationTokenSource(TestTime.Limit);
        while (true)
        {
            Task next;
            lock (_all)
            {
                if (find(_all) is { } found)
                {
                    return found;
                }

                next = _next.Task;
            }

            await next.WaitAsync(deadline.Token);
        }
    }

    public Task<ProtobufFields> SpanAsync(Func<ProtobufFields, bool> isMeant) =>
        FindAsync(all => all.Where(one => one.Path == "/v1/traces").SelectMany(one => one.Items).FirstOrDefault(isMeant));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        var stream = client.GetStream();
        while (await ReadHeadAsync(stream) is { } head)
        {
            var body = new byte[int.Parse(HeaderOf(head, "Content-Length"), CultureInfo.InvariantCulture)];
            await stream.ReadExactlyAsync(body, _stop.Token);
            var status = _statuses.TryDequeue(out var told) ? told : 200;
            lock (_all)
            {
                _all.Add(new Exported(head, body));
                Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Told\r\nContent-Length: 0\r\n\r\n"), _stop.Token);
        }
    }

    private static string HeaderOf(string head, string name) =>
        head.Split("\r\n").First(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))[(name.Length + 1)..].Trim();

    private async Task<string?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            head.Add(one[0]);
            if (head is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'])
            {
                return Encoding.ASCII.GetString([.. head]);
            }
        }

        return null;
    }
}
