using System.Diagnostics;
using System.Net;
using BenchmarkDotNet.Attributes;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Bench;

/// <summary>A call that passes three buckets: of its organization, its key, and its key for the server.</summary>
public class BucketBench
{
    private static readonly LimitConfig Limit = new(1_000_000, 1_000);

    private readonly RateLimiter _limiter = new(new SteadyClock());
    private readonly byte[] _tool = "search_issues"u8.ToArray();
    private Caller _caller = null!;
    private Model.Upstream _upstream = null!;

    [GlobalSetup]
    public void Setup()
    {
        var snapshot = Samples.Snapshot(Samples.Key() with { Limits = Limit }, Samples.GitHub() with { Limits = Limit }, Limit);
        snapshot.Callers.TryGet("abcdefghijkl"u8, out _caller!);
        _upstream = snapshot.Workspaces[Samples.Key().WorkspaceId].Upstreams[0];
    }

    [Benchmark]
    public int ThreeBuckets()
    {
        var (refusal, state) = _limiter.AcquireAsync(new LimitedCall(_caller, _upstream, _tool, IPAddress.Loopback)).Result;
        return refusal is null ? state.Remaining : throw new InvalidOperationException("The call is refused.");
    }

    /// <summary>Costs what the real clock costs and lets one token come back per call.</summary>
    private sealed class SteadyClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => Stopwatch.GetTimestamp() == 0 ? 0 : _now += 60_000;
    }
}
