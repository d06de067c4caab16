using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>
/// Usage that is not written yet, summed up by minute in memory. Bounded: when there are too many rows, what comes is summed up by the hour and
/// without names; when even that is too much, it is refused, and its caller counts it. One thread adds while another takes.
/// </summary>
internal sealed class UsageLedger(int maxRows = UsageLedger.DefaultMaxRows)
{
    private const int DefaultMaxRows = 50_000;

    /// <summary>Failures of one organization that are told singly between two writes, per kind of outcome; the sums count all of them.</summary>
    private const int MaxFailuresPerOutcome = 50;

    /// <summary>The same for requests that were answered or given up, but slowly.</summary>
    private const int MaxSlow = 5;

    private const int MaxFailures = 1_000;

    /// <summary>Whoever waits for an answer that long asks why.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly UsageNames _names = new();
    private readonly Dictionary<UsageKey, UsageRow> _rows = [];
    private readonly List<UsageFailure> _failures = [];
    private readonly Dictionary<(Guid OrganizationId, CallOutcome Outcome), int> _failureCounts = [];

    /// <summary>False when there is no room left.</summary>
    public bool TryAdd(in UsageEvent usage)
    {
        lock (_gate)
        {
            var name = _names.Get(usage.Name);
            if (!usage.IsUncounted && !TryAddSums(usage, name))
            {
                return false;
            }

            if (MostOf(usage) is var most and > 0)
            {
                AddFailure(usage, name, most);
            }

            return true;
        }
    }

    /// <summary>Takes out up to so many rows, and with the first of them all failures. Both are empty when there is nothing.</summary>
    public (IReadOnlyList<UsageRow> Rows, IReadOnlyList<UsageFailure> Failures) Take(int mostRows)
    {
        lock (_gate)
        {
            var rows = new List<UsageRow>(Math.Min(mostRows, _rows.Count));
            foreach (var (key, row) in _rows)
            {
                if (rows.Count == mostRows)
                {
                    break;
                }

                rows.Add(row);
                _rows.Remove(key);
            }

            UsageFailure[] failures = [.. _failures];
            _failures.Clear();
            _failureCounts.Clear();
            return (rows, failures);
        }
    }

    private bool TryAddSums(in UsageEvent usage, string name)
    {
        const int Minute = 60;
        const int Hour = 3600;
        var second = usage.At.ToUnixTimeSeconds();
        var key = new UsageKey(
            second - second % Minute, usage.OrganizationId, usage.WorkspaceId, usage.KeyId, usage.Upstream?.Id ?? Guid.Empty, name, usage.Method);
        if (!_rows.TryGetValue(key, out var row))
        {
            if (_rows.Count >= maxRows)
            {
                key = key with { At = second - second % Hour, Name = "" };
                _rows.TryGetValue(key, out row);
            }

            if (row is null)
            {
                // A tenth more for the coarse rows, of which there are few.
                if (_rows.Count >= maxRows + maxRows / 10)
                {
                    return false;
                }

                row = new UsageRow(key, usage.Upstream?.Key ?? "", new UsageCounts());
                _rows.Add(key, row);
            }
        }

        row.Counts.Add(usage);
        return true;
    }

    /// <summary>How many of its kind are told singly between two writes. What is counted nowhere is told only while nobody knows whose it is.</summary>
    private static int MostOf(in UsageEvent usage)
    {
        if (usage.IsUncounted && usage.OrganizationId != Guid.Empty)
        {
            return 0;
        }

        // Sessions and streams last as long as their clients want.
        return usage.Outcome is not (CallOutcome.Ok or CallOutcome.Cancelled) ? MaxFailuresPerOutcome
            : usage.Duration >= Slow && usage.Method != UsageMethod.Session ? MaxSlow
            : 0;
    }

    private void AddFailure(in UsageEvent usage, string name, int most)
    {
        ref var count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
            _failureCounts, (usage.OrganizationId, usage.Outcome), out _);
        if (count >= most || _failures.Count >= MaxFailures)
        {
            return;
        }

        count++;
        _failures.Add(new UsageFailure(
            0,
            usage.At,
            usage.OrganizationId,
            usage.WorkspaceId,
            usage.KeyId,
            usage.Upstream?.Id ?? Guid.Empty,
            usage.Upstream?.Key ?? "",
            name,
            usage.Method,
            usage.Outcome,
            usage.Status,
            usage.Code,
            usage.Duration,
            usage.Number.ToString(),
            usage.Path));
    }
}
