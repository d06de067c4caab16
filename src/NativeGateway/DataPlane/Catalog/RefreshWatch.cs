using NativeGateway.Model;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>How a reading ended, as far as it decides when the next one is due.</summary>
internal readonly record struct RefreshOutcome(bool HasFailed)
{
    public bool HasChanged { get; init; }

    /// <summary>The upstream announced a change during the reading.</summary>
    public bool Again { get; init; }

    /// <summary>Until the next reading when nothing happens before; infinite for none.</summary>
    public TimeSpan Period { get; init; }
}

/// <summary>When one upstream is read: whether a reading is under way, and when the next one is due. Thread-safe.</summary>
internal sealed class RefreshWatch
{
    /// <summary>Between two readings that announcements ask for, and after a first failure.</summary>
    private static readonly TimeSpan MinDelay = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private UpstreamConfig? _config;
    private TaskCompletionSource? _reading;
    private bool _again;
    private bool _isForgotten;
    private int _falseAlarms;
    private long? _lastEnd;

    /// <param name="due">Called, from a timer, when a reading is due.</param>
    public RefreshWatch(Guid upstreamId, TimeProvider time, Action<RefreshWatch> due)
    {
        UpstreamId = upstreamId;
        _time = time;
        _timer = time.CreateTimer(_ => due(this), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public Guid UpstreamId { get; }

    /// <summary>Readings in a row that failed.</summary>
    public int Failures { get; private set; }

    public bool IsForgotten
    {
        get
        {
            lock (_gate)
            {
                return _isForgotten;
            }
        }
    }

    /// <summary>How long to wait after that many failures in a row: 1, 2, 4 … 60 s.</summary>
    public static TimeSpan DelayAfter(int failures) => Min(MinDelay * Math.Pow(2, Math.Clamp(failures - 1, 0, 10)), MaxDelay);

    /// <summary>Null when the upstream is reached as before, true when it is new here, false when it is now reached in another way.</summary>
    public bool? TakeConfig(UpstreamConfig config)
    {
        lock (_gate)
        {
            var before = _config;
            _config = config;
            if (before is null)
            {
                return true;
            }

            if (ReachesTheSame(before, config))
            {
                return null;
            }

            Failures = 0;
            return false;
        }
    }

    /// <summary>
    /// Begins a reading, unless one is under way or the watch is over; the task completes when that has ended.
    /// </summary>
    /// <param name="isMine">True when the caller is the one to read, and to call <see cref="End"/>.</param>
    public Task Begin(bool andAgain, out bool isMine)
    {
        lock (_gate)
        {
            isMine = _reading is null && !_isForgotten;
            if (isMine)
            {
                _reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _again = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
            else
            {
                _again |= andAgain;
            }

            return _reading?.Task ?? Task.CompletedTask;
        }
    }

    public void End(RefreshOutcome outcome)
    {
        TaskCompletionSource? reading;
        lock (_gate)
        {
            (reading, _reading) = (_reading, null);
            var isSoon = _lastEnd is { } last && _time.GetElapsedTime(last) < MaxDelay * 2;
            _lastEnd = _time.GetTimestamp();
            Failures = outcome.HasFailed ? Failures + 1 : 0;
            _falseAlarms = outcome.HasChanged || !isSoon ? 0 : _falseAlarms + 1;
            if (!_isForgotten)
            {
                var delay = _again || outcome.Again ? SpacingAfterChange
                    : outcome.HasFailed ? DelayAfter(Failures)
                    : outcome.Period;
                _timer.Change(delay, Timeout.InfiniteTimeSpan);
            }
        }

        reading?.SetResult();
    }

    /// <summary>
    /// An upstream announced a change: true when it is to be read at once; otherwise that is planned, for after a reading that is under way or
    /// for when the last one is not so fresh any more.
    /// </summary>
    public bool IsDueAfterChange()
    {
        lock (_gate)
        {
            if (_reading is not null)
            {
                _again = true;
                return false;
            }

            var wait = _lastEnd is { } last ? SpacingAfterChange - _time.GetElapsedTime(last) : TimeSpan.Zero;
            if (wait <= TimeSpan.Zero || _isForgotten)
            {
                return true;
            }

            _timer.Change(wait, Timeout.InfiniteTimeSpan);
            return false;
        }
    }

    /// <summary>No further readings. The task completes when none is under way any more.</summary>
    public Task Forget()
    {
        lock (_gate)
        {
            _isForgotten = true;
            _timer.Dispose();
            return _reading?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>Doubles with each announcement in a row behind which there was nothing new.</summary>
    private TimeSpan SpacingAfterChange => DelayAfter(_falseAlarms + 1);

    private static bool ReachesTheSame(UpstreamConfig a, UpstreamConfig b)
    {
        return a.Transport == b.Transport
            && a.Endpoints.SequenceEqual(b.Endpoints)
            && SameEntries(a.Headers, b.Headers)
            && a.Command?.FileName == b.Command?.FileName
            && a.Command?.WorkingDirectory == b.Command?.WorkingDirectory
            && (a.Command?.Arguments ?? []).SequenceEqual(b.Command?.Arguments ?? [])
            && SameEntries(a.Command?.Environment, b.Command?.Environment);
    }

    private static bool SameEntries(IReadOnlyDictionary<string, string>? a, IReadOnlyDictionary<string, string>? b)
    {
        return (a?.Count ?? 0) == (b?.Count ?? 0)
            && (a is null || b is null || a.All(entry => b.TryGetValue(entry.Key, out var value) && value == entry.Value));
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
