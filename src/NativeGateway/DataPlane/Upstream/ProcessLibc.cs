using System.Runtime.InteropServices;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The few calls of the C library behind <see cref="ChildProcess"/>; constants as on Linux (glibc and musl agree on them).</summary>
internal static unsafe partial class ProcessLibc
{
    public const int Interrupted = 4;
    public const int NoSuchFile = 2;
    public const int AccessDenied = 13;

    public const int SigKill = 9;
    public const int SigTerm = 15;

    public const int UnixFamily = 1;
    public const int StreamCloseOnExec = 1 | 0x80000;
    public const int CloseOnExec = 0x80000;
    public const int ExecuteAccess = 1;

    public const short SpawnSetProcessGroup = 2;
    public const short SpawnSetSignalDefaults = 4;
    public const short SpawnSetSignalMask = 8;

    public const int WaitForPid = 1;
    public const int WaitExited = 4;
    public const int WaitWithoutReaping = 0x01000000;

    /// <summary>Room for any of the library's opaque structures used here; the largest (posix_spawnattr_t) has 336 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 512)]
    public struct Opaque
    {
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int family, int type, int protocol, int* descriptors);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe(int* descriptors, int flags);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true)]
    public static partial int Access(byte* path, int mode);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    public static partial int WaitId(int kind, int pid, Opaque* info, int options);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    public static partial void FillSignals(Opaque* set);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    public static partial void EmptySignals(Opaque* set);

    // The posix_spawn family returns its error instead of setting errno. What can fail only for arguments that are not used here is void.
    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    public static partial int Spawn(int* pid, byte* path, Opaque* actions, Opaque* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial void InitActions(Opaque* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial void DestroyActions(Opaque* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int AddDuplicate(Opaque* actions, int descriptor, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static partial int AddChangeDirectory(Opaque* actions, byte* path);

    /// <summary>glibc 2.34 and later.</summary>
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    public static partial int AddCloseFrom(Opaque* actions, int first);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial void InitAttributes(Opaque* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static partial void DestroyAttributes(Opaque* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial void SetFlags(Opaque* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    public static partial void SetProcessGroup(Opaque* attributes, int group);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial void SetSignalDefaults(Opaque* attributes, Opaque* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial void SetSignalMask(Opaque* attributes, Opaque* signals);
}
