using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>One request to the API, after everything that is alike for all operations.</summary>
internal sealed class AdminRequest
{
    /// <summary>Null where the operation takes no scope.</summary>
    public required Caller? Identified { get; init; }

    /// <summary>Who has signed in; null for a key, and where the operation takes no scope.</summary>
    public SignedIn? SignedIn { get; init; }

    /// <summary>Where the caller is, behind trusted proxies as they say.</summary>
    public required IPAddress RemoteAddress { get; init; }

    /// <summary>Whom the audit log names.</summary>
    public required Author Author { get; init; }

    /// <summary>The text at the place of <c>{id}</c>.</summary>
    public required string Id { get; init; }

    public required IQueryCollection Query { get; init; }

    /// <summary>Undefined when the operation takes none, or another kind.</summary>
    public JsonElement Body { get; init; }

    /// <summary>A body that is no JSON.</summary>
    public string? Text { get; init; }

    /// <summary>SHA-256 over method, path and body.</summary>
    public byte[] Digest { get; init; } = [];

    public required string? IfMatch { get; init; }

    public required string? IdempotencyKey { get; init; }

    public required CancellationToken ClientGone { get; init; }

    public Caller Caller => Identified ?? throw new InvalidOperationException("The operation needs a scope to know its caller.");

    /// <summary>What the caller may do to members: a user by its role, a key by its scopes.</summary>
    public Role Role => SignedIn?.Role
        ?? (IsInstanceAdministrator ? Role.Owner : Caller.Scopes.HasFlag(KeyScopes.AdminWrite) ? Role.Admin : Role.Viewer);

    /// <summary>Whether the caller administers every organization.</summary>
    public bool IsInstanceAdministrator => Caller.Scopes.HasFlag(KeyScopes.Instance);

    /// <summary>What a caller does not see does not exist for it: such an id is answered like one that nobody ever gave.</summary>
    public bool Sees(Guid organizationId) => IsInstanceAdministrator || organizationId == Caller.OrganizationId;

    /// <summary>One value of the query, or null; a problem when it is given twice.</summary>
    public string? Parameter(string name) => Query.TryGetValue(name, out var values) ? values.ToString() : null;
}
