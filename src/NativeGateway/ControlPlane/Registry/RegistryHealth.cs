namespace NativeGateway.ControlPlane.Registry;

/// <summary>How the registry stands: whether its database can be reached, since when that is so, and what is loaded from it.</summary>
/// <param name="LastError">Neutral: names no address and no secret. Null while the database is reachable.</param>
internal sealed record RegistryHealth(bool Reachable, DateTimeOffset Since, string? LastError, long LoadedRevision);
