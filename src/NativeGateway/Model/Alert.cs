namespace NativeGateway.Model;

/// <summary>What people are told about. Those about servers stand in the order of how bad they are.</summary>
internal enum AlertKind : byte
{
    ServerRecovered,
    ServerDegraded,
    ServerNeedsSignIn,
    ServerDown,

    /// <summary>A webhook failed for so long that it is not used any more.</summary>
    WebhookDisabled,

    /// <summary>Somebody wants to see whether a webhook works.</summary>
    WebhookTest,
}

/// <summary>The texts of kinds, in payloads, stores and the API; never changed once released.</summary>
internal static class AlertKinds
{
    private static readonly string[] Labels =
        ["server.recovered", "server.degraded", "server.needs_sign_in", "server.down", "webhook.disabled", "webhook.test"];

    /// <summary>What a webhook can be asked to take; a test it takes anyway.</summary>
    public static IReadOnlyList<string> Subscribable { get; } = Labels[..(int)AlertKind.WebhookTest];

    public static string Label(this AlertKind kind) => Labels[(int)kind];

    /// <summary>The kind of that label; null when there is none.</summary>
    public static AlertKind? Find(string label) => Array.IndexOf(Labels, label) is var index and >= 0 ? (AlertKind)index : null;

    public static bool IsOfServer(this AlertKind kind) => kind <= AlertKind.ServerDown;
}

/// <summary>Something that an organization is told. Holds no content of calls, no address and no secret.</summary>
/// <param name="WorkspaceId">Of the server; null for what belongs to no workspace.</param>
/// <param name="SubjectId">The server or the webhook.</param>
/// <param name="Subject">The server's key or the webhook's name.</param>
/// <param name="Reason">What went wrong, in words of the gateway's own; null when nothing did.</param>
internal sealed record Alert(
    Guid OrganizationId, AlertKind Kind, DateTimeOffset At, Guid? WorkspaceId, Guid SubjectId, string Subject, string? Reason);
