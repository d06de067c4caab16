using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// The audit log: entries in one chain per database, each with a hash over its content and the hash before it (<see cref="AuditChain"/>), so that
/// whoever removes, inserts, alters or reorders entries in the database is found out. Nothing is ever changed; only the oldest are forgotten.
/// Any number of processes append to the same chain. Changes of the registry append with <see cref="IRegistryStore.CommitAsync"/>.
/// </summary>
internal interface IAuditStore
{
    /// <exception cref="StoreUnavailableException"/>
    Task AppendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken);

    /// <summary>At most so many, the newest first, or the oldest when the query says so.</summary>
    /// <exception cref="StoreUnavailableException"/>
    Task<IReadOnlyList<AuditRecord>> ListAsync(AuditQuery query, int most, CancellationToken cancellationToken);

    /// <summary>Reads the whole chain.</summary>
    /// <exception cref="StoreUnavailableException"/>
    Task<AuditVerdict> VerifyAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Removes the oldest entries up to the first that is not older than that, some thousands at once, and keeps the hash that the rest follows
    /// on. Entries that do not verify stay.
    /// </summary>
    /// <exception cref="StoreUnavailableException"/>
    Task<AuditTrim> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken);
}

/// <summary>An entry in its place.</summary>
/// <param name="Sequence">From 1, without gaps.</param>
/// <param name="Hash">SHA-256; see <see cref="AuditChain"/>.</param>
internal sealed record AuditRecord(long Sequence, AuditEntry Entry, byte[] Hash);

/// <summary>Which entries are wanted; null and empty for all.</summary>
internal sealed record AuditQuery
{
    public Guid? OrganizationId { get; init; }

    public DateTimeOffset? From { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? To { get; init; }

    public string? ActorId { get; init; }

    /// <summary>The whole action, or its beginning followed by <c>*</c>.</summary>
    public string? Action { get; init; }

    public string? ResourceType { get; init; }

    /// <summary>Also finds what is within it: a server's tools and prompts.</summary>
    public string? ResourceId { get; init; }

    public string? Outcome { get; init; }

    public string? RequestId { get; init; }

    public bool OldestFirst { get; init; }

    /// <summary>Only what comes behind this entry, in the order that is asked for.</summary>
    public long? Behind { get; init; }
}

/// <summary>What was found in the chain.</summary>
/// <param name="First">The oldest entry that is kept; greater than <paramref name="Last"/> for an empty log.</param>
/// <param name="Head">Hash of the newest entry. Whoever notes it elsewhere can tell later that nothing before it was exchanged.</param>
/// <param name="Faults">The first of them; empty when all is as it was written.</param>
internal sealed record AuditVerdict(long First, long Last, byte[] Head, IReadOnlyList<AuditFault> Faults);

/// <summary>What is wrong, and where.</summary>
internal sealed record AuditFault(long Sequence, string What);

/// <param name="Removed">How many.</param>
/// <param name="Fault">Why no more were removed; null when there was nothing wrong.</param>
internal readonly record struct AuditTrim(int Removed, AuditFault? Fault);
