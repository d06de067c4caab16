using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// Usage as it is kept: sums by minute, hour and day, which are written together and so never disagree, and single failures. Two implementations,
/// in the database of the registry, whose store makes the schema. Whatever is read is of one organization, but for a request that is looked up by its id.
/// Faults of the database surface as <see cref="StoreUnavailableException"/>.
/// </summary>
internal interface IUsageStore
{
    /// <summary>Adds a batch to what is there, whole or not at all. One that was added before changes nothing.</summary>
    Task WriteAsync(UsageBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Removes what is older than its retention and makes room for the days to come. Done by one process at a time: false when another one is at it.
    /// </summary>
    Task<bool> MaintainAsync(UsageRetention retention, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Sums, grouped. What is not grouped by is empty in the rows' keys; without any grouping there is exactly one row.</summary>
    Task<IReadOnlyList<UsageRow>> SumAsync(Guid organizationId, UsageQuery query, CancellationToken cancellationToken);

    /// <summary>Rows as they are stored, in the order of their keys: a page of at most so many, behind the given key.</summary>
    Task<IReadOnlyList<UsageRow>> PageAsync(Guid organizationId, UsageQuery query, UsageKey? after, int most, CancellationToken cancellationToken);

    /// <summary>Failures, newest first.</summary>
    Task<IReadOnlyList<UsageFailure>> ListFailuresAsync(Guid organizationId, UsageFailureQuery query, CancellationToken cancellationToken);

    /// <summary>What is kept of the request with that <c>X-Request-Id</c>, oldest first: more than one for a batch, mostly none at all.</summary>
    /// <param name="organizationId">Whose it has to be; null for whosever it is.</param>
    Task<IReadOnlyList<UsageFailure>> FindRequestAsync(Guid? organizationId, string requestId, CancellationToken cancellationToken);
}
