namespace NativeGateway.Model;

/// <summary>
/// Who did what, to what, when, and what became of it: a change of the registry, or a refusal. Names of fields, never their values; nothing that a
/// caller made up but the id that it presented.
/// </summary>
internal sealed record AuditEntry
{
    /// <summary>What was asked for was done; every other outcome is the name of a refusal.</summary>
    public const string Done = "done";

    public required DateTimeOffset At { get; init; }

    /// <summary>Whose administrators may see it; null for those of the instance only.</summary>
    public Guid? OrganizationId { get; init; }

    public required AuditActor Actor { get; init; }

    /// <summary><c>key.created</c>, <c>server.updated</c>, …; for refusals the request: <c>mcp.tools/call</c>, <c>api.PATCH /keys/{id}</c>.</summary>
    public required string Action { get; init; }

    public string? ResourceType { get; init; }

    /// <summary>Of a tool or prompt, which have none, the id of its server, a slash and its name.</summary>
    public string? ResourceId { get; init; }

    /// <summary>Names of the fields that were changed.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Of the request, or of the first of several.</summary>
    public string? RequestId { get; init; }

    public string Outcome { get; init; } = Done;

    /// <summary>How many alike it stands for, from <see cref="At"/> to <see cref="Until"/>.</summary>
    public long Count { get; init; } = 1;

    /// <summary>Null for one alone.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>Who did it.</summary>
/// <param name="Kind"><c>key</c>, <c>user</c>, <c>operator</c> (at the database itself), <c>system</c> (the gateway by itself) or <c>anonymous</c>.</param>
/// <param name="Id">Of the user, or of the key as far as one was presented; the operator's name on the machine.</param>
internal sealed record AuditActor(string Kind, string? Id, string? Address)
{
    public static readonly AuditActor System = new("system", null, null);

    public static AuditActor Operator(string name) => new("operator", name, null);

    public static AuditActor User(Guid id, string? address) => new("user", id.ToString(), address);

    public static AuditActor Key(string? id, string? address) => new(id is null ? "anonymous" : "key", id, address);
}
