using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>
/// Decides whether a call may go on now. Every bucket that applies gives one token or none does. The narrow ones are asked first, so that a key
/// beyond its own limit never touches what it shares with others. One per process; any thread.
/// </summary>
internal sealed class RateLimiter(TimeProvider clock)
{
    /// <summary>Of the buckets that apply to a call: the tool limits, then those of the server, the key and the organization.</summary>
    private const int BucketsAfterTools = 3;

    private readonly BucketTable _buckets = new(clock);

    /// <summary>Buckets that are kept at the moment.</summary>
    public int BucketCount => _buckets.Count;

    /// <summary>Takes a token from each bucket that applies, or refuses and takes none.</summary>
    /// <param name="upstream">Null for calls that the gateway answers itself.</param>
    /// <param name="ownToolName">The tool's name at its upstream; empty for everything but a tool call.</param>
    public GatewayError? Acquire(Caller caller, Model.Upstream? upstream, ReadOnlySpan<byte> ownToolName, out LimitState state)
    {
        state = default;
        var now = clock.GetTimestamp();
        var count = caller.ToolLimits.Count + BucketsAfterTools;
        for (var i = 0; i < count; i++)
        {
            if (Find(i, caller, upstream, ownToolName, out var key) is not { } limit)
            {
                continue;
            }

            var reading = _buckets.Take(key, new BucketRate(limit, clock), now);
            if (!state.IsPresent || reading.Remaining < state.Remaining || !reading.IsTaken)
            {
                state = LimitRefusal.StateOf(limit, reading, clock);
            }

            if (!reading.IsTaken)
            {
                GiveBack(i, caller, upstream, ownToolName);
                return LimitRefusal.Create(key.Scope, limit, reading, clock);
            }
        }

        return null;
    }

    /// <summary>Gives back what the first <paramref name="count"/> buckets gave.</summary>
    private void GiveBack(int count, Caller caller, Model.Upstream? upstream, ReadOnlySpan<byte> ownToolName)
    {
        for (var i = 0; i < count; i++)
        {
            if (Find(i, caller, upstream, ownToolName, out var key) is { } limit)
            {
                _buckets.GiveBack(key, new BucketRate(limit, clock));
            }
        }
    }

    /// <summary>The name and limit of the bucket at a place in the order; null when it does not apply.</summary>
    private static LimitConfig? Find(int index, Caller caller, Model.Upstream? upstream, ReadOnlySpan<byte> ownToolName, out BucketKey key)
    {
        switch (index - caller.ToolLimits.Count)
        {
            case 0:
                key = new BucketKey(LimitScope.Server, caller.KeyId, upstream?.Id ?? default, "");
                return upstream?.Config.Limits;
            case 1:
                key = new BucketKey(LimitScope.Key, caller.KeyId, default, "");
                return caller.Limits;
            case 2:
                key = new BucketKey(LimitScope.Organization, "", caller.OrganizationId, "");
                return caller.OrganizationLimits;
            default:
                var rule = caller.ToolLimits[index];
                key = new BucketKey(LimitScope.Tool, caller.KeyId, default, rule.Glob);
                return upstream is not null && !ownToolName.IsEmpty && rule.Tools.Allows(upstream.KeyUtf8, ownToolName) ? rule.Limit : null;
        }
    }
}
