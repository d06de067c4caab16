using System.Net;

namespace NativeGateway.Model;

/// <summary>A request that was refused because of who asked for what, for the audit log.</summary>
/// <param name="OrganizationId">Of the key that was presented; null when there is no such key.</param>
/// <param name="KeyId">As presented, whether or not its secret was right; null for a request without a key of the right form.</param>
/// <param name="Address">Null where several are counted together.</param>
/// <param name="Action">See <see cref="AuditEntry.Action"/>; of a fixed set.</param>
/// <param name="Outcome">What it was refused with; of a fixed set.</param>
internal readonly record struct DeniedRequest(
    Guid? OrganizationId, string? KeyId, IPAddress? Address, string Action, string? ResourceType, string? ResourceId, string Outcome, string RequestId)
{
    /// <summary>Who had signed in, or whose account was tried; it counts instead of a key.</summary>
    public Guid? UserId { get; init; }
}
