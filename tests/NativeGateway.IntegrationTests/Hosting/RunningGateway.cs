using System.Text;
using NativeGateway.Hosting;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary><c>serve</c> in this process, until it is told to stop.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private readonly WatchedText _out = new();
    private readonly WatchedText _logs = new();
    private readonly StringWriter _error = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<int> _running;

    public RunningGateway(string directory, params string[] arguments)
    {
        var context = new CliContext(_out.Writer, _error, TextReader.Null, _logs, new Dictionary<string, string>(), TimeProvider.System);
        _running = CommandLine.RunAsync(["serve", "--data", directory, .. arguments], context, _stop.Token);
    }

    public string Out => _out.Text;

    public string Error => _error.ToString();

    public string Logs => _logs.Text;

    /// <summary>Waits until the gateway listens; its address.</summary>
    public async Task<Uri> ListeningAsync()
    {
        await Task.WhenAny(_out.ContainsAsync("listening on "), _running).WaitAsync(TestTime.Limit);
        Assert.False(_running.IsCompleted, Error);
        return new Uri(Out.Split('\n').First(line => line.StartsWith("listening on ", StringComparison.Ordinal))["listening on ".Length..]);
    }

    public Task LoggedAsync(string text) => _logs.ContainsAsync(text).WaitAsync(TestTime.Limit);

    /// <summary>What SIGTERM does.</summary>
    public void Stop() => _stop.Cancel();

    public Task<int> ExitAsync() => _running.WaitAsync(TestTime.Limit);

    public async ValueTask DisposeAsync()
    {
        Stop();
        await ExitAsync();
        _stop.Dispose();
        await _error.DisposeAsync();
        await _logs.DisposeAsync();
    }

    /// <summary>Collects text and tells when it contains something.</summary>
    private sealed class WatchedText : MemoryStream
    {
        private readonly Lock _gate = new();
        private readonly List<(string Text, TaskCompletionSource Found)> _waiting = [];

        public WatchedText() => Writer = new StreamWriter(this, new UTF8Encoding(false)) { AutoFlush = true };

        public StreamWriter Writer { get; }

        public string Text
        {
            get
            {
                lock (_gate)
                {
                    return Encoding.UTF8.GetString(ToArray());
                }
            }
        }

        public Task ContainsAsync(string text)
        {
            lock (_gate)
            {
                var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add((text, found));
                Tell();
                return found.Task;
            }
        }

        /// <summary>Everything comes here: of a derived stream, MemoryStream's other forms of writing make use of this one.</summary>
        public override void Write(byte[] buffer, int offset, int count)
        {
            lock (_gate)
            {
                base.Write(buffer, offset, count);
                Tell();
            }
        }

        private void Tell()
        {
            var text = Encoding.UTF8.GetString(ToArray());
            foreach (var (wanted, found) in _waiting.Where(waiting => text.Contains(waiting.Text, StringComparison.Ordinal)))
            {
                found.TrySetResult();
            }
        }
    }
}
