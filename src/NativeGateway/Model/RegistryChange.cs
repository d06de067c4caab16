namespace NativeGateway.Model;

/// <summary>What shall become of the registry, all of it or nothing.</summary>
/// <param name="ExpectedRevision">The revision that the change was decided on; null to write over whatever happened since.</param>
internal sealed record RegistryChange(IReadOnlyList<RegistryWrite> Writes, long? ExpectedRevision)
{
    /// <summary>Written to the audit log with the change, or the change is not made.</summary>
    public IReadOnlyList<AuditEntry> Audit { get; init; } = [];
}

/// <summary>One write of a change. What is saved is inserted, or replaces what has its id.</summary>
internal abstract record RegistryWrite;

internal sealed record SaveOrganization(OrganizationConfig Organization) : RegistryWrite;

internal sealed record SaveWorkspace(WorkspaceConfig Workspace) : RegistryWrite;

internal sealed record SaveUpstream(UpstreamConfig Upstream) : RegistryWrite;

internal sealed record SaveKey(KeyConfig Key) : RegistryWrite;

internal sealed record SaveWebhook(WebhookConfig Webhook) : RegistryWrite;

internal sealed record SaveUser(UserConfig User) : RegistryWrite;

internal sealed record SaveMember(MemberConfig Member) : RegistryWrite;

internal sealed record SaveInvitation(InvitationConfig Invitation) : RegistryWrite;

internal sealed record SaveSetting(string Name, string Value) : RegistryWrite;

/// <summary>Nothing may belong to it any more.</summary>
internal sealed record DeleteOrganization(Guid Id) : RegistryWrite;

/// <summary>With everything that belongs to it, in all tables.</summary>
internal sealed record EraseOrganization(Guid Id) : RegistryWrite;

/// <inheritdoc cref="DeleteOrganization"/>
internal sealed record DeleteWorkspace(Guid Id) : RegistryWrite;

internal sealed record DeleteUpstream(Guid Id) : RegistryWrite;

internal sealed record DeleteKey(string Id) : RegistryWrite;

/// <summary>What was not delivered to it yet never is.</summary>
internal sealed record DeleteWebhook(Guid Id) : RegistryWrite;

/// <summary>With its sessions; its keys belong to nobody afterwards.</summary>
internal sealed record DeleteUser(Guid Id) : RegistryWrite;

internal sealed record DeleteMember(Guid Id) : RegistryWrite;

/// <param name="Accepted">It has served its purpose; otherwise it was revoked.</param>
internal sealed record DeleteInvitation(Guid Id, bool Accepted) : RegistryWrite;

/// <summary>Signs a user out everywhere, or out of one organization.</summary>
internal sealed record EndSessions(Guid UserId, Guid? OrganizationId) : RegistryWrite;

/// <summary>Remembers what an <c>Idempotency-Key</c> created. Of one caller the newest thousand are kept.</summary>
internal sealed record RememberCreation(Creation Creation) : RegistryWrite;

/// <summary>What was created under an <c>Idempotency-Key</c>: enough to answer a repeated request, and nothing of its content.</summary>
/// <param name="CallerId">The API key or the user that created it; another one's repeats are none.</param>
/// <param name="Digest">SHA-256 of the request.</param>
internal sealed record Creation(string CallerId, string IdempotencyKey, byte[] Digest, string ResourceId, DateTimeOffset CreatedAt)
{
    /// <summary>How long a creation is remembered.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(24);
}
