namespace NativeGateway.Model;

/// <summary>
/// The buckets that durations are counted in: five to a power of ten (the preferred numbers R5 of ISO 3), from 0.25 ms to 100 s, and one for
/// what lasts longer. Fixed for ever, so that counts of any minute, key or replica can be added; a percentile read from them is at most one
/// bucket, a factor of 1.6, off.
/// </summary>
internal static class LatencyScale
{
    private static readonly double[] UpperBounds =
    [
        0.25, 0.4, 0.63, 1, 1.6, 2.5, 4, 6.3, 10, 16, 25, 40, 63, 100, 160, 250, 400, 630, 1_000, 1_600, 2_500, 4_000, 6_300, 10_000, 16_000,
        25_000, 40_000, 63_000, 100_000,
    ];

    /// <summary>How many buckets there are; the last one has no upper bound.</summary>
    public const int Count = 30;

    /// <summary>Milliseconds that a duration of the bucket does not exceed; infinite for the last one.</summary>
    public static double UpperBound(int bucket) => bucket < UpperBounds.Length ? UpperBounds[bucket] : double.PositiveInfinity;

    public static int BucketOf(TimeSpan duration)
    {
        var place = Array.BinarySearch(UpperBounds, duration.TotalMilliseconds);
        return place >= 0 ? place : ~place;
    }

    /// <summary>
    /// The duration in milliseconds that a share of the counted ones does not exceed, spread evenly on the logarithmic scale within its bucket.
    /// Null when nothing was counted; 100 s for what lies beyond the scale.
    /// </summary>
    /// <param name="share">Above 0, at most 1.</param>
    public static double? Percentile(ReadOnlySpan<long> counts, double share)
    {
        long total = 0;
        foreach (var count in counts)
        {
            total += count;
        }

        var rank = share * total;
        double before = 0;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            if (counts[bucket] > 0 && before + counts[bucket] >= rank)
            {
                return Within(bucket, (rank - before) / counts[bucket]);
            }

            before += counts[bucket];
        }

        return null;
    }

    private static double Within(int bucket, double share)
    {
        if (bucket == UpperBounds.Length)
        {
            return UpperBounds[^1];
        }

        var upper = UpperBounds[bucket];
        var lower = bucket == 0 ? upper / 1.6 : UpperBounds[bucket - 1];
        return Math.Round(lower * Math.Pow(upper / lower, share), 3);
    }
}
