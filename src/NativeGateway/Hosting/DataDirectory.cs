namespace NativeGateway.Hosting;

/// <summary>Where a process keeps its data when nobody says where.</summary>
internal static class DataDirectory
{
    public const string Here = "./data";

    /// <summary>
    /// For a process that a desktop client starts, in whatever directory it happens to be in itself: what <c>serve</c> has begun here, else a place
    /// of the user's own (XDG Base Directory).
    /// </summary>
    public static string OfDesktop(IReadOnlyDictionary<string, string> environment)
    {
        var home = environment.GetValueOrDefault("HOME");
        var share = environment.GetValueOrDefault("XDG_DATA_HOME") is { Length: > 0 } given ? given
            : string.IsNullOrEmpty(home) ? null
            : Path.Combine(home, ".local", "share");
        return share is null || Directory.Exists(Here) ? Here : Path.Combine(share, "native-gateway");
    }
}
