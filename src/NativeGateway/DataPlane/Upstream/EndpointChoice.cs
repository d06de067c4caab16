using System.Numerics;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Chooses the endpoint of a call: from the lowest priority of which any is usable, those of the gateway's own region before others, and among
/// these as the configuration says. Reads a few counters, takes no lock and allocates nothing. Any thread.
/// </summary>
internal sealed class EndpointChoice
{
    /// <summary>Two endpoints have to differ by this factor for the dearer one to lose a call that its weight gave it.</summary>
    private const double Clearly = 1.5;

    private readonly IReadOnlyList<EndpointHealth> _endpoints;
    private readonly LoadBalancing _balancing;
    private readonly Random _random;

    /// <summary>Sets of endpoints, by bit, in the order in which they are used.</summary>
    private readonly uint[] _tiers;
    private uint _turn = uint.MaxValue;

    /// <param name="region">The gateway's own; null when it has none.</param>
    public EndpointChoice(UpstreamConfig config, IReadOnlyList<EndpointHealth> endpoints, string? region, Random random)
    {
        _endpoints = endpoints;
        _balancing = config.LoadBalancing;
        _random = random;
        _tiers =
        [
            .. config.Endpoints
                .Select((endpoint, index) => new { Bit = 1u << index, endpoint.Priority, IsFar = region is not null && endpoint.Region != region })
                .GroupBy(endpoint => (endpoint.Priority, endpoint.IsFar), endpoint => endpoint.Bit)
                .OrderBy(tier => tier.Key)
                .Select(tier => tier.Aggregate((one, other) => one | other)),
        ];
    }

    /// <summary>The index of an endpoint; -1 when none is left that could be tried.</summary>
    /// <param name="affinity">Calls of the same number stay together as long as the same endpoints are usable; 0 for calls that need not.</param>
    /// <param name="tried">Endpoints, by bit, that are out of the question.</param>
    public int Next(int affinity, uint tried = 0) => Next(affinity, tried, out _);

    /// <inheritdoc cref="Next(int, uint)"/>
    /// <param name="why">For explanations: what made it this one.</param>
    public int Next(int affinity, uint tried, out EndpointReason why)
    {
        for (var tier = 0; tier < _tiers.Length; tier++)
        {
            if (Fitting(_tiers[tier] & ~tried, usable: true) is var fitting and not 0)
            {
                why = tier > 0 ? EndpointReason.Fallback : WhyOf(fitting, affinity);
                return Pick(fitting, affinity);
            }
        }

        why = EndpointReason.LastResort;

        // Better a doubtful one than none.
        foreach (var tier in _tiers)
        {
            if (Fitting(tier & ~tried, usable: false) is var fitting and not 0)
            {
                return Pick(fitting, affinity);
            }
        }

        return -1;
    }

    private EndpointReason WhyOf(uint candidates, int affinity) =>
        _endpoints.Count == 1 ? EndpointReason.Only
        : BitOperations.IsPow2(candidates) || _balancing == LoadBalancing.First ? EndpointReason.Preferred
        : affinity != 0 ? EndpointReason.Sticky
        : EndpointReason.Balanced;

    private uint Fitting(uint candidates, bool usable)
    {
        var fitting = 0u;
        for (var rest = candidates; rest != 0; rest &= rest - 1)
        {
            var endpoint = _endpoints[BitOperations.TrailingZeroCount(rest)];
            fitting |= (usable ? endpoint.IsUsable : endpoint.MayBeTried) ? rest & (~rest + 1) : 0;
        }

        return fitting;
    }

    private int Pick(uint candidates, int affinity)
    {
        var first = BitOperations.TrailingZeroCount(candidates);
        if (BitOperations.IsPow2(candidates) || _balancing == LoadBalancing.First)
        {
            return first;
        }

        return affinity != 0 ? Stick(candidates, affinity)
            : _balancing == LoadBalancing.RoundRobin ? TakeTurn(candidates)
            : PickOfTwo(candidates);
    }

    private int PickOfTwo(uint candidates)
    {
        var one = Draw(candidates);
        var other = Draw(candidates & ~(1u << one));
        return _endpoints[other].Cost * Clearly < _endpoints[one].Cost ? other : one;
    }

    private int Draw(uint candidates)
    {
        var sum = 0.0;
        for (var rest = candidates; rest != 0; rest &= rest - 1)
        {
            sum += _endpoints[BitOperations.TrailingZeroCount(rest)].WeightNow;
        }

        var place = _random.NextDouble() * sum;
        var last = 0;
        for (var rest = candidates; rest != 0; rest &= rest - 1)
        {
            last = BitOperations.TrailingZeroCount(rest);
            place -= _endpoints[last].WeightNow;
            if (place < 0)
            {
                break;
            }
        }

        return last;
    }

    private int TakeTurn(uint candidates)
    {
        var sum = 0u;
        for (var rest = candidates; rest != 0; rest &= rest - 1)
        {
            sum += (uint)_endpoints[BitOperations.TrailingZeroCount(rest)].Weight;
        }

        var place = Interlocked.Increment(ref _turn) % sum;
        var left = candidates;
        while (true)
        {
            var index = BitOperations.TrailingZeroCount(left);
            var weight = (uint)_endpoints[index].Weight;
            if (place < weight)
            {
                return index;
            }

            place -= weight;
            left &= left - 1;
        }
    }

    /// <summary>
    /// Rendezvous hashing by weight: without any memory the same number gives the same endpoint, and one that goes away or comes back moves
    /// only the calls that were or will be its own.
    /// </summary>
    private int Stick(uint candidates, int affinity)
    {
        var (best, lowest) = (0, double.PositiveInfinity);
        for (var rest = candidates; rest != 0; rest &= rest - 1)
        {
            var index = BitOperations.TrailingZeroCount(rest);
            var score = -Math.Log(Scatter(affinity, index)) / _endpoints[index].Weight;
            (best, lowest) = score < lowest ? (index, score) : (best, lowest);
        }

        return best;
    }

    /// <summary>A number between 0 and 1, both excluded, for a pair of numbers (the finalizer of SplitMix64).</summary>
    private static double Scatter(int affinity, int index)
    {
        var x = ((ulong)(uint)affinity << 32) + ((ulong)(uint)index + 1) * 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return (((x ^ (x >> 31)) >> 11) + 0.5) / (1UL << 53);
    }
}
