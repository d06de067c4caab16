using System.Runtime.InteropServices;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>
/// Says when the configuration file should be read again: it changed, or SIGHUP came. It looks at the file twice a second instead of asking
/// the system for notifications, because those miss network and overlay mounts and the exchanged links of mounted secrets.
/// A change counts when it has come to rest, so that a file being written is not read in its middle. One background task.
/// </summary>
/// <param name="path">Null watches for the signal only.</param>
/// <param name="reload">Reads, applies and reports; must not throw.</param>
internal sealed class FileWatch(string? path, Func<CancellationToken, Task> reload, TimeProvider time)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    private volatile bool _asked;

    private readonly record struct Stamp(string? Target, DateTime Written, long Length);

    public async Task RunAsync(CancellationToken stopping)
    {
        using var hangup = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, Ask);
        using var timer = new PeriodicTimer(LookInterval, time);
        var (loaded, last) = (Look(), Look());
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                var now = Look();
                var changed = now != loaded && now == last;
                last = now;
                if (changed || _asked)
                {
                    _asked = false;
                    loaded = now;
                    await reload(stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The way this ends.
        }
    }

    private void Ask(PosixSignalContext context)
    {
        context.Cancel = true;
        _asked = true;
    }

    private Stamp Look()
    {
        if (path is null)
        {
            return default;
        }

        try
        {
            var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            var file = new FileInfo(target);
            return file.Exists ? new Stamp(target, file.LastWriteTimeUtc, file.Length) : default;
        }
        catch (IOException)
        {
            return default;
        }
    }
}
