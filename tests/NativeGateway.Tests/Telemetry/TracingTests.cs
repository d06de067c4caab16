using NativeGateway.Telemetry;

namespace NativeGateway.Tests.Telemetry;

public class TracingTests
{
    private const string Sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    [Fact]
    public void A_parent_is_read_and_written_alike()
    {
        Assert.True(TraceParent.TryParse(Sampled, out var parent));

        Assert.True(parent.IsSampled);
        Assert.Equal(Sampled, parent.ToString());
        Assert.True(TraceParent.TryParse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more", out var later));
        Assert.False(later.IsSampled);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7")]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")]
    [InlineData("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01")]
    [InlineData("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01")]
    public void What_is_no_parent_is_none(string text) => Assert.False(TraceParent.TryParse(text, out _));

    [Fact]
    public void A_trace_goes_on_under_its_parent_or_begins_with_a_number_of_its_own()
    {
        var tracer = new Tracer(TraceSampler.Default, 1);
        Assert.True(TraceParent.TryParse(Sampled, out var parent));

        var joined = tracer.Begin(parent);
        var (one, other) = (tracer.Begin(null), tracer.Begin(null));

        Assert.Equal((parent.TraceHigh, parent.TraceLow, parent.SpanId), (joined.TraceHigh, joined.TraceLow, joined.Parent));
        Assert.NotEqual(joined.Id, joined.UpstreamId);
        Assert.Equal(0uL, one.Parent);
        Assert.NotEqual(one.TraceLow, other.TraceLow);
        Assert.False(tracer.Begin(parent with { IsSampled = false }).IsTraced);
    }

    [Theory]
    [InlineData(0, false, true, false)]
    [InlineData(1, false, false, true)]
    [InlineData(0, true, true, true)]
    [InlineData(1, true, false, false)]
    [InlineData(1, true, null, true)]
    [InlineData(0, true, null, false)]
    public void A_sampler_follows_its_share_or_the_caller(double share, bool followsParent, bool? parent, bool samples) =>
        Assert.Equal(samples, new TraceSampler(share, followsParent).Samples(parent, 0x00123456789abcdf));

    [Fact]
    public void A_share_is_kept_of_traces_whoever_samples_them()
    {
        var sampler = new TraceSampler(0.25, true);
        var random = new Random(1);
        var kept = Enumerable.Range(0, 10_000).Count(_ => sampler.Samples(null, (ulong)random.NextInt64()));

        Assert.InRange(kept, 2_300, 2_700);
        Assert.True(sampler.Samples(null, 0xAB_FFFFFFFFFFFFFF));
        Assert.False(sampler.Samples(null, 0xAB_00000000000000));
    }

    [Fact]
    public void What_the_queue_cannot_take_is_counted()
    {
        var tracer = new Tracer(TraceSampler.Default, 1);
        var span = new SpanRecord
        {
            Context = tracer.Begin(null), Method = "ping", Name = null, Server = "", Outcome = "ok", IsError = false, Status = 200, Code = 0, RequestId = "",
            Revision = "", Began = 1, Ended = 2, UpstreamBegan = 0, UpstreamEnded = 0,
        };

        tracer.End(span);
        tracer.End(span);

        Assert.Equal(1, tracer.Dropped);
        Assert.True(tracer.Finished.TryRead(out var first));
        Assert.Equal(span, first);
    }
}
