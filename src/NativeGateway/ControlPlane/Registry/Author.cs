using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>Who changes the registry, for the audit log.</summary>
/// <param name="RequestId">Null for a change that no request asked for.</param>
internal sealed record Author(AuditActor Actor, string? RequestId)
{
    /// <summary>Whoever works at the database itself, under the name that the machine knows.</summary>
    public static Author Operator() => new(AuditActor.Operator(Environment.UserName), null);
}
