using System.Diagnostics;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Gateway;

/// <summary>The lines of a running process, kept, with signals for lines that a test waits for.</summary>
internal sealed class ProcessOutput
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource<string> Signal)> _waiting = [];

    public string Text
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>How many lines there are: what a later wait may begin at.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _lines.Count;
            }
        }
    }

    public void Add(object _, DataReceivedEventArgs received)
    {
        if (received.Data is not { } line)
        {
            return;
        }

        lock (_gate)
        {
            _lines.Add(line);
            foreach (var (_, signal) in _waiting.Where(waiting => waiting.Wanted(line)))
            {
                signal.TrySetResult(line);
            }
        }
    }

    /// <summary>The first line from a place on that is wanted, as soon as it is there.</summary>
    public Task<string> LineAsync(Func<string, bool> wanted, int from = 0)
    {
        lock (_gate)
        {
            if (_lines.Skip(from).FirstOrDefault(wanted) is { } line)
            {
                return Task.FromResult(line);
            }

            var signal = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((wanted, signal));
            return signal.Task.WaitAsync(TestTime.Limit);
        }
    }
}
