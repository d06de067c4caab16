using NativeGateway.Model;

namespace NativeGateway.Tests.Model;

public sealed class LatencyScaleTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.25, 0)]
    [InlineData(0.26, 1)]
    [InlineData(1, 3)]
    [InlineData(99.9, 13)]
    [InlineData(100_000, 28)]
    [InlineData(100_001, 29)]
    [InlineData(3_600_000, 29)]
    public void A_duration_is_counted_in_the_first_bucket_that_holds_it(double milliseconds, int bucket)
    {
        Assert.Equal(bucket, LatencyScale.BucketOf(TimeSpan.FromMilliseconds(milliseconds)));
        Assert.True(milliseconds <= LatencyScale.UpperBound(bucket));
    }

    [Fact]
    public void Without_a_call_there_is_no_percentile() => Assert.Null(LatencyScale.Percentile(new long[LatencyScale.Count], 0.5));

    [Fact]
    public void Percentiles_are_at_most_one_bucket_off()
    {
        var random = new Random(7);
        var durations = Enumerable.Range(0, 5_000).Select(_ => 0.3 * Math.Exp(random.NextDouble() * 10)).Order().ToArray();
        var counts = new long[LatencyScale.Count];
        foreach (var duration in durations)
        {
            counts[LatencyScale.BucketOf(TimeSpan.FromMilliseconds(duration))]++;
        }

        foreach (var share in (double[])[0.01, 0.5, 0.95, 0.99, 1])
        {
            var exact = durations[(int)Math.Ceiling(share * durations.Length) - 1];
            var read = LatencyScale.Percentile(counts, share)!.Value;
            Assert.InRange(read, exact / 1.61, exact * 1.61);
        }
    }

    [Fact]
    public void Counts_of_two_places_added_give_the_percentiles_of_both()
    {
        var (one, other) = (new long[LatencyScale.Count], new long[LatencyScale.Count]);
        one[3] = 10;
        other[20] = 10;
        var both = one.Zip(other, (a, b) => a + b).ToArray();

        Assert.InRange(LatencyScale.Percentile(both, 0.4)!.Value, LatencyScale.UpperBound(2), LatencyScale.UpperBound(3));
        Assert.InRange(LatencyScale.Percentile(both, 0.9)!.Value, LatencyScale.UpperBound(19), LatencyScale.UpperBound(20));
    }

    [Fact]
    public void What_lasts_longer_than_the_scale_is_told_as_its_end()
    {
        var counts = new long[LatencyScale.Count];
        counts[^1] = 1;

        Assert.Equal(100_000, LatencyScale.Percentile(counts, 0.5));
        Assert.Equal(double.PositiveInfinity, LatencyScale.UpperBound(LatencyScale.Count - 1));
    }
}
