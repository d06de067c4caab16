using System.Net;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>What the buckets of a call are named by.</summary>
/// <param name="Upstream">Null for calls that the gateway answers itself.</param>
/// <param name="OwnToolName">The tool's name at its upstream; empty for everything but a tool call.</param>
/// <param name="Address">Where the caller is, behind trusted proxies as they say.</param>
internal readonly record struct LimitedCall(Caller Caller, Model.Upstream? Upstream, ReadOnlyMemory<byte> OwnToolName, IPAddress Address);

/// <summary>What became of a call at the <see cref="RateLimiter"/>.</summary>
/// <param name="Refusal">Null when it may go on.</param>
internal readonly record struct LimitVerdict(GatewayError? Refusal, LimitState State);

/// <summary>
/// Decides whether a call may go on now. Every bucket that applies gives one token or none does. The narrow ones are asked first, so that a key
/// beyond its own limit never touches what it shares with others. One per process; any thread.
/// </summary>
/// <param name="shared">Null for a process that shares its buckets with no other.</param>
internal sealed class RateLimiter(TimeProvider clock, SharedBuckets? shared = null)
{
    /// <summary>Of the buckets that apply to a call: the tool limits, then those of the server, the key, the user, the organization and the address.</summary>
    private const int BucketsAfterTools = 5;

    private readonly BucketTable _buckets = new(clock, shared: shared);

    /// <summary>Apart, because strangers choose addresses.</summary>
    private readonly BucketTable _addresses = new(clock, AddressGuard.MaxAddresses, shared);

    /// <summary>Buckets that are kept at the moment.</summary>
    public int BucketCount => _buckets.Count + _addresses.Count;

    /// <summary>Takes a token from each bucket that applies, or refuses and takes none. Seldom waits, and never long: see <see cref="BucketLease"/>.</summary>
    public ValueTask<LimitVerdict> AcquireAsync(in LimitedCall call) =>
        TryAcquire(call, out var verdict) is { } answer ? WaitAsync(call, answer) : new(verdict);

    private async ValueTask<LimitVerdict> WaitAsync(LimitedCall call, Task first)
    {
        var answer = first;
        while (true)
        {
            await shared!.WaitAsync(answer).ConfigureAwait(false);
            if (TryAcquire(call, out var verdict) is not { } next)
            {
                return verdict;
            }

            answer = next;
        }
    }

    /// <summary>Null when it is decided; otherwise what has to complete before it can be.</summary>
    private Task? TryAcquire(in LimitedCall call, out LimitVerdict verdict)
    {
        LimitState state = default;
        verdict = default;
        var now = clock.GetTimestamp();
        var count = call.Caller.ToolLimits.Count + BucketsAfterTools;
        for (var i = 0; i < count; i++)
        {
            if (Find(i, call, out var key) is not { } limit)
            {
                continue;
            }

            var reading = TableOf(key.Scope).Take(key, new BucketRate(limit, clock), now);
            if (reading.Answer is { } answer)
            {
                GiveBack(i, call);
                return answer;
            }

            if (!state.IsPresent || reading.Remaining < state.Remaining || !reading.IsTaken)
            {
                state = LimitRefusal.StateOf(limit, reading, clock);
            }

            if (!reading.IsTaken)
            {
                GiveBack(i, call);
                verdict = new LimitVerdict(LimitRefusal.Create(key.Scope, limit, reading, clock), state);
                return null;
            }
        }

        verdict = new LimitVerdict(null, state);
        return null;
    }

    /// <summary>Gives back what the first <paramref name="count"/> buckets gave.</summary>
    private void GiveBack(int count, in LimitedCall call)
    {
        for (var i = 0; i < count; i++)
        {
            if (Find(i, call, out var key) is { } limit)
            {
                TableOf(key.Scope).GiveBack(key, new BucketRate(limit, clock));
            }
        }
    }

    private BucketTable TableOf(LimitScope scope) => scope == LimitScope.Address ? _addresses : _buckets;

    /// <summary>The name and limit of the bucket at a place in the order; null when it does not apply.</summary>
    private static LimitConfig? Find(int index, in LimitedCall call, out BucketKey key)
    {
        var (caller, upstream) = (call.Caller, call.Upstream);
        key = default;
        switch (index - caller.ToolLimits.Count)
        {
            case 0:
                key = new BucketKey(LimitScope.Server, caller.KeyId, upstream?.Id ?? default, "");
                return upstream?.Config.Limits;
            case 1:
                key = new BucketKey(LimitScope.Key, caller.KeyId, default, "");
                return caller.Limits;
            case 2:
                key = new BucketKey(LimitScope.User, "", caller.UserId ?? default, "");
                return caller.UserId is null ? null : caller.UserLimits;
            case 3:
                key = new BucketKey(LimitScope.Organization, "", caller.OrganizationId, "");
                return caller.OrganizationLimits;
            case 4:
                if (caller.AddressLimits is { } limit)
                {
                    key = new BucketKey(LimitScope.Address, "", AddressGuard.PlaceOf(call.Address), "");
                    return limit;
                }

                return null;
            default:
                var rule = caller.ToolLimits[index];
                key = new BucketKey(LimitScope.Tool, caller.KeyId, default, rule.Glob);
                var isMeant = upstream is not null && !call.OwnToolName.IsEmpty && rule.Tools.Allows(upstream.KeyUtf8, call.OwnToolName.Span);
                return isMeant ? rule.Limit : null;
        }
    }
}
