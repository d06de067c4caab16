using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Users;

/// <summary>How long a user stays signed in.</summary>
internal static class SessionRules
{
    /// <summary>Of one user; the one that was not used for longest ends first.</summary>
    public const int MostPerUser = 10;

    /// <summary>Without a request.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromHours(2);

    /// <summary>Whatever happens.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Use is noted no more often than that: looking at a page must not write for every request.</summary>
    public static readonly TimeSpan TouchPause = TimeSpan.FromMinutes(1);

    public static bool IsOver(UserSession session, DateTimeOffset now) => session.CreatedAt + Lifetime <= now || session.SeenAt + Idle <= now;
}
