namespace NativeGateway.Model;

/// <summary>
/// A process tells what it took of a token bucket that all processes share, and asks for more. Spans are in nanoseconds.
/// </summary>
/// <param name="Interval">In which one token comes back.</param>
/// <param name="Capacity">In which an empty bucket fills.</param>
/// <param name="Spent">Tokens that were taken without having been given out; negative when given out and not taken.</param>
/// <param name="Age">How long ago the first of them was; negative when the bucket is known to be full no earlier than so far from now.</param>
/// <param name="Needed">Tokens for calls that are there.</param>
/// <param name="Ahead">Tokens for calls that are to be expected; given only while there are plenty.</param>
internal readonly record struct BucketClaim(Guid Id, long Interval, long Capacity, long Spent, long Age, long Needed, long Ahead);

/// <summary>What it got.</summary>
/// <param name="Tokens">At most what was asked for.</param>
/// <param name="UntilFull">How long until the bucket is full when nobody asks, in nanoseconds; more than its capacity while more was taken than there was.</param>
internal readonly record struct BucketGrant(Guid Id, long Tokens, long UntilFull);
