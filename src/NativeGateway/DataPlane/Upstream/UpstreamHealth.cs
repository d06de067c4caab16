using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// The health of one upstream: of each of its endpoints, and how many of them may be left out at a time. Lives as long as the connection, and
/// is told by the calls themselves. Any thread.
/// </summary>
internal sealed class UpstreamHealth
{
    private readonly UpstreamConfig _config;
    private readonly IUpstreamEvents _events;
    private readonly TimeProvider _time;
    private readonly EndpointHealth[] _endpoints;
    private long _ejections;

    public UpstreamHealth(UpstreamConfig config, IUpstreamEvents events, TimeProvider time)
    {
        _config = config;
        _events = events;
        _time = time;
        _endpoints = config.Endpoints.Count == 0
            ? [new EndpointHealth(this, 0, 1, time)]
            : [.. config.Endpoints.Select((endpoint, index) => new EndpointHealth(this, index, endpoint.Weight, time))];
    }

    /// <summary>In the order of the configuration; exactly one for a local program.</summary>
    public IReadOnlyList<EndpointHealth> Endpoints => _endpoints;

    /// <summary>For requests of which nothing was sent.</summary>
    public RetryBudget Retries { get; } = new();

    /// <summary>How often an endpoint was left out by its group.</summary>
    public long Ejections => Interlocked.Read(ref _ejections);

    /// <inheritdoc cref="UpstreamHealthReport"/>
    public HealthVerdict Verdict
    {
        get
        {
            var (good, leastBad, hasAnswered) = (0, HealthVerdict.Unknown, false);
            foreach (var endpoint in _endpoints)
            {
                var verdict = endpoint.Verdict;
                hasAnswered |= verdict == HealthVerdict.Healthy;
                if (verdict is HealthVerdict.Healthy or HealthVerdict.Unknown)
                {
                    good++;
                }
                else
                {
                    leastBad = LeastBad(leastBad, verdict);
                }
            }

            return good == _endpoints.Length ? hasAnswered ? HealthVerdict.Healthy : HealthVerdict.Unknown
                : good > 0 ? HealthVerdict.Degraded
                : leastBad;
        }
    }

    public IReadOnlyList<EndpointHealthReport> Report() => [.. _endpoints.Select(endpoint => endpoint.Report())];

    /// <summary>
    /// Whether one more endpoint may be left out because of how it answers: never more than half of them, those that are down included. With
    /// more out than that, the rest would be overwhelmed, and most likely something else is wrong.
    /// </summary>
    public bool MayEject()
    {
        var absent = 1;
        foreach (var endpoint in _endpoints)
        {
            absent += endpoint.IsUsable ? 0 : 1;
        }

        return absent * 2 <= _endpoints.Length;
    }

    public void Ejected() => Interlocked.Increment(ref _ejections);

    /// <summary>From an endpoint; called in the order of its changes.</summary>
    public void Changed(EndpointHealth endpoint, HealthVerdict before, string? reason) =>
        _events.HealthChanged(new VerdictChanged(
            _config.Id, _config.Key, _time.GetUtcNow(), endpoint.Index, before, endpoint.Verdict, Verdict, reason));

    /// <summary>Of endpoints that are all bad, the one that answers best says how bad it is: down only when nothing answers at all.</summary>
    private static HealthVerdict LeastBad(HealthVerdict one, HealthVerdict other)
    {
        return Rank(one) >= Rank(other) ? one : other;

        static int Rank(HealthVerdict verdict) => verdict switch
        {
            HealthVerdict.Degraded => 3,
            HealthVerdict.NeedsSignIn => 2,
            HealthVerdict.Down => 1,
            _ => 0,
        };
    }
}
