using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>What usage is counted by.</summary>
/// <param name="At">Start of the interval, in seconds since 1970 (UTC). Days are days of UTC.</param>
/// <param name="UpstreamId">Empty when no upstream was involved.</param>
/// <param name="Name">Of a tool or prompt, as its upstream's catalog lists it; empty for none.</param>
internal readonly record struct UsageKey(
    long At, Guid OrganizationId, Guid WorkspaceId, string KeyId, Guid UpstreamId, string Name, UsageMethod Method);

/// <summary>The sums of one interval.</summary>
/// <param name="UpstreamKey">The upstream's key at that time, so that it has a name even when it is gone.</param>
internal sealed record UsageRow(UsageKey Key, string UpstreamKey, UsageCounts Counts);

/// <summary>One request that did not end well, or ended well but slowly. Codes only; an error's text could hold anything.</summary>
/// <param name="Id">Given by the store; grows with time.</param>
/// <param name="OrganizationId">Empty for one of nobody knows whom.</param>
internal sealed record UsageFailure(
    long Id,
    DateTimeOffset At,
    Guid OrganizationId,
    Guid WorkspaceId,
    string KeyId,
    Guid UpstreamId,
    string UpstreamKey,
    string Name,
    UsageMethod Method,
    CallOutcome Outcome,
    int Status,
    int Code,
    TimeSpan Duration,
    string RequestId,
    CallPath Path);

/// <summary>
/// What one process hands to the store at once. A batch is never changed once it was tried: the store recognizes it by its number, so that a
/// repetition after an unknown outcome counts nothing twice.
/// </summary>
/// <param name="Writer">The process; another one after a restart.</param>
/// <param name="Number">Grows by one from batch to batch of a writer.</param>
/// <param name="At">When the batch was made.</param>
/// <param name="Rows">Sums of minutes, or of an hour where memory was short; each key once.</param>
internal sealed record UsageBatch(
    Guid Writer, long Number, DateTimeOffset At, IReadOnlyList<UsageRow> Rows, IReadOnlyList<UsageFailure> Failures);
