using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>A running child, or why there is none. Exactly one of the two is set.</summary>
internal readonly record struct ChildStart(ChildProcess? Process, string? Error);

/// <summary>
/// A child process in a process group of its own. Its stdin and stdout are Unix sockets, so that waiting for them takes no thread; one
/// thread with a small stack waits for its exit. Whatever way it ends, its whole group is killed with it: nothing it started survives.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int WaiterStackBytes = 128 * 1024;

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _reaped;

    private ChildProcess(int id, Socket input, Socket output, Stream errors)
    {
        Id = id;
        Input = input;
        Output = output;
        Errors = errors;
    }

    /// <summary>Also the id of its group.</summary>
    public int Id { get; }

    /// <summary>Our end of its stdin.</summary>
    public Socket Input { get; }

    /// <summary>Our end of its stdout.</summary>
    public Socket Output { get; }

    /// <summary>Our end of its stderr: a pipe, because shell scripts like to open /dev/stderr, which fails on a socket.</summary>
    public Stream Errors { get; }

    /// <summary>Its exit code, or 128 and the signal that ended it. Then its whole group has been killed.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>Starts on the thread that will wait for the exit: when no thread can be had, there is no process to leak either.</summary>
    public static Task<ChildStart> StartAsync(CommandConfig command)
    {
        var started = new TaskCompletionSource<ChildStart>(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiter = new Thread(() => StartAndWait(command, started), WaiterStackBytes) { IsBackground = true, Name = "child process" };
        waiter.Start();
        return started.Task;
    }

    /// <summary>Closes stdin, which asks a server to leave (MCP basic/lifecycle, "Shutdown"), then asks louder, then kills.</summary>
    public async Task StopAsync(TimeSpan grace, TimeProvider time)
    {
        CloseInput();
        if (await ExitsWithinAsync(grace, time))
        {
            return;
        }

        Signal(ProcessLibc.SigTerm);
        if (await ExitsWithinAsync(grace, time))
        {
            return;
        }

        Signal(ProcessLibc.SigKill);
        await Exited;
    }

    /// <summary>Kills the group if it still runs, waits for it, and closes our ends. Whoever wants it gentle calls <see cref="StopAsync"/> first.</summary>
    public async ValueTask DisposeAsync()
    {
        Signal(ProcessLibc.SigKill);
        await Exited;
        Input.Dispose();
        Output.Dispose();
        await Errors.DisposeAsync();
    }

    private static void StartAndWait(CommandConfig command, TaskCompletionSource<ChildStart> started)
    {
        ChildStart start;
        try
        {
            start = Start(command);
        }
        catch (Exception e)
        {
            start = new ChildStart(null, $"cannot start '{command.FileName}': {e.Message}");
        }

        started.SetResult(start);
        start.Process?.WaitAndReap();
    }

    private static ChildStart Start(CommandConfig command)
    {
        using var theirInput = CreateSocketPair(out var ourInput);
        using var theirOutput = CreateSocketPair(out var ourOutput);
        using var theirErrors = CreatePipe(out var ourErrors);
        var environment = ChildEnvironment.Build(Environment.GetEnvironmentVariables(), command.Environment);
        var id = ProcessSpawn.Start(command, environment, Number(theirInput), Number(theirOutput), Number(theirErrors), out var error);
        if (error is null)
        {
            return new ChildStart(new ChildProcess(id, ourInput, ourOutput, ourErrors), null);
        }

        ourInput.Dispose();
        ourOutput.Dispose();
        ourErrors.Dispose();
        return new ChildStart(null, error);
    }

    /// <summary>
    /// The exit is noticed without reaping: as long as the dead leader is not reaped, nobody else can get its id, so that the signal to what
    /// is left of the group cannot hit strangers.
    /// </summary>
    private unsafe void WaitAndReap()
    {
        ProcessLibc.Opaque info;
        while (ProcessLibc.WaitId(ProcessLibc.WaitForPid, Id, &info, ProcessLibc.WaitExited | ProcessLibc.WaitWithoutReaping) != 0
            && Marshal.GetLastPInvokeError() == ProcessLibc.Interrupted)
        {
            // Interrupted by a signal of ours.
        }

        var status = 0;
        lock (_gate)
        {
            _ = ProcessLibc.Kill(-Id, ProcessLibc.SigKill);
            while (ProcessLibc.WaitPid(Id, &status, 0) < 0 && Marshal.GetLastPInvokeError() == ProcessLibc.Interrupted)
            {
                // Interrupted by a signal of ours.
            }

            _reaped = true;
        }

        // What it wrote can still be read, and then the end comes, even if something that left the group holds the other end open.
        ShutDown(Output, SocketShutdown.Receive);
        var signal = status & 0x7f;
        _exited.SetResult(signal == 0 ? (status >> 8) & 0xff : 128 + signal);
    }

    private void CloseInput() => ShutDown(Input, SocketShutdown.Send);

    private void Signal(int signal)
    {
        lock (_gate)
        {
            // The second call is for a leader that moved to another group.
            if (!_reaped && ProcessLibc.Kill(-Id, signal) != 0)
            {
                _ = ProcessLibc.Kill(Id, signal);
            }
        }
    }

    private async Task<bool> ExitsWithinAsync(TimeSpan time, TimeProvider provider)
    {
        try
        {
            await Exited.WaitAsync(time, provider);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static void ShutDown(Socket socket, SocketShutdown side)
    {
        try
        {
            socket.Shutdown(side);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other end is gone, or ours is: closed is what was wanted.
        }
    }

    /// <summary>Our end is made before there is a child: a socket whose other end is closed already would be taken for one that never was connected.</summary>
    private static unsafe SafeFileHandle CreateSocketPair(out Socket ours)
    {
        var pair = stackalloc int[2];
        if (ProcessLibc.SocketPair(ProcessLibc.UnixFamily, ProcessLibc.StreamCloseOnExec, 0, pair) != 0)
        {
            throw NoDescriptors();
        }

        ours = new Socket(new SafeSocketHandle(pair[0], ownsHandle: true));
        return new SafeFileHandle(pair[1], ownsHandle: true);
    }

    private static unsafe SafeFileHandle CreatePipe(out Stream ours)
    {
        var pair = stackalloc int[2];
        if (ProcessLibc.Pipe(pair, ProcessLibc.CloseOnExec) != 0)
        {
            throw NoDescriptors();
        }

        ours = new AnonymousPipeClientStream(PipeDirection.In, new SafePipeHandle(pair[0], ownsHandle: true));
        return new SafeFileHandle(pair[1], ownsHandle: true);
    }

    private static IOException NoDescriptors() =>
        new($"no pipe for it: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    private static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();
}
