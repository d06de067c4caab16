using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace NativeGateway.Storage.Sqlite;

/// <summary>
/// Connects the SQLite package to the native library. In the published binary the library is linked in and the loader is never asked;
/// under the JIT the system's own <c>libsqlite3</c> is used, so that both run the same SQLite.
/// </summary>
internal static class SqliteNative
{
    static SqliteNative()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
    }

    /// <summary>Does its work once per process, in the static constructor.</summary>
    public static void EnsureLoaded()
    {
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == "e_sqlite3" && OperatingSystem.IsLinux() ? NativeLibrary.Load("libsqlite3.so.0") : nint.Zero;
}
