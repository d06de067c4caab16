using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>What is summed up, in the order of the columns. Below them stand the buckets of <see cref="LatencyScale"/>.</summary>
internal enum UsageMeasure
{
    Calls,
    ToolErrors,
    ServerErrors,
    Unavailable,
    Timeouts,
    Unanswered,
    InternalErrors,
    Forbidden,
    Limited,
    Invalid,
    Saturated,
    Cancelled,

    /// <summary>Microseconds, over the same calls as the latency buckets.</summary>
    DurationMicros,
    UpstreamMicros,
    BytesIn,
    BytesOut,

    /// <summary>Millionths of the currency unit.</summary>
    CostMicros,
}

/// <summary>The sums of one interval and key. Not thread-safe.</summary>
internal sealed class UsageCounts
{
    private const int LatencyStart = (int)UsageMeasure.CostMicros + 1;

    private readonly long[] _values = new long[LatencyStart + LatencyScale.Count];

    /// <summary>Names of the columns, in the order of <see cref="Values"/>.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "calls", "tool_errors", "server_errors", "unavailable", "timeouts", "unanswered", "internal_errors", "forbidden", "limited", "invalid",
        "saturated", "cancelled", "duration_us", "upstream_us", "bytes_in", "bytes_out", "cost_micros",
        .. Enumerable.Range(0, LatencyScale.Count).Select(bucket => $"latency_{bucket}"),
    ];

    public long this[UsageMeasure measure]
    {
        get => _values[(int)measure];
        set => _values[(int)measure] = value;
    }

    public Span<long> Values => _values;

    /// <summary>How many answered calls lasted how long, by the buckets of <see cref="LatencyScale"/>. Refused and cancelled ones are in none.</summary>
    public Span<long> Latency => _values.AsSpan(LatencyStart);

    /// <summary>Requests that did not get an answer of the upstream's, or got a JSON-RPC error. Neither refusals nor errors of tools.</summary>
    public long Errors => this[UsageMeasure.ServerErrors] + this[UsageMeasure.Unavailable] + this[UsageMeasure.Timeouts]
        + this[UsageMeasure.Unanswered] + this[UsageMeasure.InternalErrors];

    /// <summary>Requests that the gateway refused, for whatever reason.</summary>
    public long Refused =>
        this[UsageMeasure.Forbidden] + this[UsageMeasure.Limited] + this[UsageMeasure.Invalid] + this[UsageMeasure.Saturated];

    /// <summary>Calls that the latencies are of.</summary>
    public long Answered
    {
        get
        {
            long sum = 0;
            foreach (var count in Latency)
            {
                sum += count;
            }

            return sum;
        }
    }

    public void Add(in UsageEvent usage)
    {
        this[UsageMeasure.Calls]++;
        if (usage.Outcome is not (CallOutcome.Ok or CallOutcome.Unauthenticated))
        {
            // The outcomes stand in the order of their measures.
            _values[(int)usage.Outcome]++;
        }

        this[UsageMeasure.BytesIn] += usage.BytesIn;
        this[UsageMeasure.BytesOut] += usage.BytesOut;
        this[UsageMeasure.CostMicros] += usage.CostMicros;
        if (!usage.Outcome.IsRefusal() && usage.Outcome != CallOutcome.Cancelled)
        {
            this[UsageMeasure.DurationMicros] += (long)usage.Duration.TotalMicroseconds;
            this[UsageMeasure.UpstreamMicros] += (long)usage.UpstreamDuration.TotalMicroseconds;
            Latency[LatencyScale.BucketOf(usage.Duration)]++;
        }
    }

    public void Add(UsageCounts other)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] += other._values[i];
        }
    }
}
