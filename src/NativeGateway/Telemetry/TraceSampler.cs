namespace NativeGateway.Telemetry;

/// <summary>
/// Which requests are traced (OpenTelemetry SDK, "Sampling"): a share of all, found from the trace's own number, so that everybody who samples by
/// the same share keeps the same traces; or, based on parents, what the caller has decided where there is one.
/// </summary>
/// <param name="Share">From 0 to 1, of traces that begin here.</param>
/// <param name="FollowsParent">Also that one which was not sampled.</param>
internal sealed record TraceSampler(double Share, bool FollowsParent)
{
    private const int RandomBits = 56;

    /// <summary><c>parentbased_always_on</c>.</summary>
    public static readonly TraceSampler Default = new(1, true);

    /// <summary>The trace's lowest 56 bits are random, by W3C Trace Context 2 and by what everybody does.</summary>
    private readonly ulong _threshold = (ulong)((1 - Share) * (1UL << RandomBits));

    public bool Samples(bool? parentIsSampled, ulong traceLow) =>
        FollowsParent && parentIsSampled is { } decided ? decided : (traceLow & ((1UL << RandomBits) - 1)) >= _threshold;
}
