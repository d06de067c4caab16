using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Faults;

/// <summary>One answer of a call under load, or its lack. Times are <see cref="Stopwatch"/> stamps.</summary>
/// <param name="Status">0 when the connection ended without an answer.</param>
internal readonly record struct Answered(long SentAt, long AnsweredAt, int Status, string Text)
{
    public JsonElement ReadResult() => JsonDocument.Parse(Text).RootElement.GetProperty("result");
}

/// <summary>Clients that call one tool again and again, each on a connection that it keeps, until they are stopped.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly ConcurrentQueue<Answered> _answers = new();
    private readonly Lock _gate = new();
    private readonly List<(int Count, TaskCompletionSource Signal)> _waiting = [];
    private readonly Task[] _clients;
    private volatile bool _isStopped;

    public Load(GatewayProcess gateway, string key, int clients, string path = "/mcp", string tool = "up__echo")
        : this(gateway.Port, key, clients, path, tool)
    {
    }

    /// <param name="port">Where a gateway listens, or something in front of several.</param>
    public Load(int port, string key, int clients, string path = "/mcp", string tool = "up__echo")
    {
        _clients = [.. Enumerable.Range(0, clients).Select(client => Task.Run(() => RunAsync(port, key, path, tool, client)))];
    }

    public IReadOnlyCollection<Answered> Answers => _answers;

    /// <summary>Ends when so many more answers have come.</summary>
    public Task MoreAsync(int count)
    {
        lock (_gate)
        {
            var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((_answers.Count + count, signal));
            return signal.Task.WaitAsync(TestTime.Limit);
        }
    }

    /// <summary>Lets every client finish its call.</summary>
    public async Task<IReadOnlyCollection<Answered>> StopAsync()
    {
        _isStopped = true;
        await Task.WhenAll(_clients).WaitAsync(TestTime.Limit);
        return _answers;
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task RunAsync(int port, string key, string path, string tool, int client)
    {
        RawConnection? connection = null;
        try
        {
            for (var call = 0; !_isStopped; call++)
            {
                var request = RawRequest.Post(path, Rpc.Call(tool, $$"""{"client":{{client}},"call":{{call}}}""", $"\"{client}-{call}\"")).As(key);
                if (connection is null && !await TryOpenAsync())
                {
                    return;
                }

                if (!await connection!.TryWriteAsync(request.ToBytes(port)))
                {
                    // Never wholly sent: not a call.
                    connection.Dispose();
                    connection = null;
                    continue;
                }

                var sent = Stopwatch.GetTimestamp();
                var reply = await connection.TryReadReplyAsync();
                Add(new Answered(sent, Stopwatch.GetTimestamp(), reply?.Status ?? 0, reply?.Text ?? ""));
                if (reply is null || reply["Connection"] == "close")
                {
                    connection.Dispose();
                    connection = null;
                }
            }
        }
        finally
        {
            connection?.Dispose();
        }

        async Task<bool> TryOpenAsync()
        {
            try
            {
                connection = await RawConnection.OpenAsync(port);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                // The gateway has stopped listening.
                return false;
            }
        }
    }

    private void Add(Answered answer)
    {
        _answers.Enqueue(answer);
        lock (_gate)
        {
            foreach (var (_, signal) in _waiting.Where(waiting => waiting.Count <= _answers.Count))
            {
                signal.TrySetResult();
            }
        }
    }
}
