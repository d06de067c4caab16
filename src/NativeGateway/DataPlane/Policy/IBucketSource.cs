using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>Where the token buckets are that processes share. Never throws for a source that is away: then there is no answer.</summary>
internal interface IBucketSource
{
    /// <summary>The answers to those claims that were answered, in any order; null when nobody could be asked.</summary>
    Task<IReadOnlyList<BucketGrant>?> TakeAsync(IReadOnlyList<BucketClaim> claims, CancellationToken cancellationToken);

    /// <summary>Shows that this process is there, and counts those that are, this one included; null when nobody could be asked.</summary>
    Task<int?> CountAsync(CancellationToken cancellationToken);

    /// <summary>This process will not be there any more.</summary>
    Task LeaveAsync(CancellationToken cancellationToken);
}
