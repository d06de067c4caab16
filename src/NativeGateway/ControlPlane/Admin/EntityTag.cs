using NativeGateway.ControlPlane.Registry;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>The <c>ETag</c> of a record and what <c>If-Match</c> says about it (RFC 9110, 8.8.3 and 13.1.1).</summary>
internal static class EntityTag
{
    public static string Of(long version) => $"\"v{version}\"";

    public static string Of(string version) => $"\"{version}\"";

    /// <summary>Null when the condition holds, or when there is none.</summary>
    public static Refusal? Check(string? ifMatch, string tag) =>
        ifMatch is null || ifMatch.Split(',').Any(condition => condition.Trim() is var one && (one == "*" || one == tag))
            ? null
            : new Refusal(RefusalKind.Outdated, "it is not as the If-Match header says any more; read it again and decide anew");
}
