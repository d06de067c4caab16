using System.Runtime.InteropServices;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Runs an argument vector as a child process by <c>posix_spawn</c>: in a process group of its own, with default signal handling and exactly
/// the given environment. Never a shell. <see cref="System.Diagnostics.Process"/> can neither set the group nor be asked for it.
/// </summary>
internal static unsafe class ProcessSpawn
{
    /// <summary>The child's id, or why there is none in <paramref name="error"/>. The three descriptors become its 0, 1 and 2.</summary>
    public static int Start(
        CommandConfig command, Dictionary<string, string> environment, int input, int output, int errors, out string? error)
    {
        error = FindFault(command, environment);
        if (error is not null)
        {
            return 0;
        }

        var path = Find(command.FileName, environment.GetValueOrDefault("PATH"), out var missing);
        var child = 0;
        var code = path is null ? missing : Spawn(command, path, environment, [input, output, errors], &child);
        error = code == 0 ? null : $"cannot start '{command.FileName}': {Marshal.GetPInvokeErrorMessage(code)}";
        return child;
    }

    private static string? FindFault(CommandConfig command, Dictionary<string, string> environment)
    {
        // A zero byte would silently cut a text short on its way into the C library.
        if (command.FileName.Length == 0 || command.FileName.Contains('\0') || command.Arguments.Any(a => a.Contains('\0')))
        {
            return "cannot start a process: its command is empty or holds a zero character";
        }

        foreach (var (name, value) in environment)
        {
            if (name.Length == 0 || name.Contains('=') || name.Contains('\0') || value.Contains('\0'))
            {
                return $"cannot start '{command.FileName}': '{name}' cannot be an environment variable, or its value holds a zero character";
            }
        }

        return command.WorkingDirectory is { } directory && !Directory.Exists(directory)
            ? $"cannot start '{command.FileName}': its working directory '{directory}' does not exist"
            : null;
    }

    /// <summary>
    /// Searches the child's PATH, not the gateway's own as <c>posix_spawnp</c> would. Relative entries are skipped: what they mean depends on
    /// a directory that others may be able to write.
    /// </summary>
    private static string? Find(string fileName, string? searchPath, out int error)
    {
        error = ProcessLibc.NoSuchFile;
        if (fileName.Contains('/'))
        {
            return fileName;
        }

        foreach (var directory in (searchPath ?? "/usr/local/bin:/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var candidate = $"{directory}/{fileName}";
            if (directory[0] != '/' || !File.Exists(candidate))
            {
                continue;
            }

            using var text = new NativeTexts();
            if (ProcessLibc.Access(text.Add(candidate), ProcessLibc.ExecuteAccess) == 0)
            {
                return candidate;
            }

            error = ProcessLibc.AccessDenied;
        }

        return null;
    }

    private static int Spawn(CommandConfig command, string path, Dictionary<string, string> environment, ReadOnlySpan<int> descriptors, int* child)
    {
        using var texts = new NativeTexts();
        var arguments = texts.AddArray([command.FileName, .. command.Arguments]);
        var variables = texts.AddArray([.. environment.Select(variable => $"{variable.Key}={variable.Value}")]);

        ProcessLibc.Opaque actions, attributes, signals;
        ProcessLibc.InitActions(&actions);
        ProcessLibc.InitAttributes(&attributes);
        try
        {
            var failure = 0;
            for (var target = 0; target < descriptors.Length && failure == 0; target++)
            {
                failure = ProcessLibc.AddDuplicate(&actions, descriptors[target], target);
            }

            // The gateway's own descriptors close themselves; those that it was started with (a listener from systemd, say) do not.
            failure = failure != 0 ? failure : ProcessLibc.AddCloseFrom(&actions, descriptors.Length);
            if (command.WorkingDirectory is { } directory && failure == 0)
            {
                failure = ProcessLibc.AddChangeDirectory(&actions, texts.Add(directory));
            }

            const short flags = ProcessLibc.SpawnSetProcessGroup | ProcessLibc.SpawnSetSignalDefaults | ProcessLibc.SpawnSetSignalMask;
            ProcessLibc.SetFlags(&attributes, flags);
            ProcessLibc.SetProcessGroup(&attributes, 0);
            ProcessLibc.FillSignals(&signals);
            ProcessLibc.SetSignalDefaults(&attributes, &signals);
            ProcessLibc.EmptySignals(&signals);
            ProcessLibc.SetSignalMask(&attributes, &signals);
            return failure != 0 ? failure : ProcessLibc.Spawn(child, texts.Add(path), &actions, &attributes, arguments, variables);
        }
        finally
        {
            ProcessLibc.DestroyActions(&actions);
            ProcessLibc.DestroyAttributes(&attributes);
        }
    }

    /// <summary>Zero-terminated texts for the C library, freed together.</summary>
    private sealed class NativeTexts : IDisposable
    {
        private readonly List<nint> _blocks = [];

        public byte* Add(string text)
        {
            var block = Marshal.StringToCoTaskMemUTF8(text);
            _blocks.Add(block);
            return (byte*)block;
        }

        public byte** AddArray(string[] texts)
        {
            var array = (byte**)Marshal.AllocCoTaskMem((texts.Length + 1) * sizeof(byte*));
            _blocks.Add((nint)array);
            for (var i = 0; i < texts.Length; i++)
            {
                array[i] = Add(texts[i]);
            }

            array[texts.Length] = null;
            return array;
        }

        public void Dispose() => _blocks.ForEach(Marshal.FreeCoTaskMem);
    }
}
