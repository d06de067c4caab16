using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>
/// A network of its own (a Linux network namespace), which has nothing but a loopback interface: public addresses can be played there, and nothing
/// leaves the machine. It has its own name service, too. Only one thread lives in it; sockets and processes that this thread makes belong to the
/// network for as long as they live, whoever uses them. Takes the rights of root.
/// </summary>
internal sealed partial class IsolatedNetwork : IAsyncDisposable
{
    private const int NewMounts = 0x0002_0000;
    private const int NewNetwork = 0x4000_0000;

    private readonly TempDirectory _directory = new();
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    private IsolatedNetwork()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "isolated network" };
        _thread.Start();
    }

    /// <param name="addresses">What the loopback interface has besides its own.</param>
    /// <param name="nameServer">The address at which names are asked for, at port 53.</param>
    public static IsolatedNetwork Open(IEnumerable<string> addresses, string nameServer)
    {
        var network = new IsolatedNetwork();
        network.SetUp(addresses, nameServer);
        return network;
    }

    /// <summary>Runs something within the network; of what is asynchronous the part before its first wait, where sockets and processes are made.</summary>
    public T Within<T>(Func<T> make)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(make());
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    public ValueTask DisposeAsync()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private void SetUp(IEnumerable<string> addresses, string nameServer)
    {
        var resolverFile = Path.Combine(_directory.Path, "resolv.conf");
        File.WriteAllText(resolverFile, $"nameserver {nameServer}\n");
        Within(() =>
        {
            if (Unshare(NewMounts | NewNetwork) != 0)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError(), "The test cannot make a network of its own; it has to run as root.");
            }

            Run("mount", "--make-rprivate", "/");
            Run("mount", "--bind", resolverFile, "/etc/resolv.conf");
            Run("ip", "link", "set", "lo", "up");
            foreach (var address in addresses)
            {
                Run("ip", "address", "add", address, "dev", "lo");
            }

            return true;
        });
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors}");
        }
    }

    private void Work()
    {
        foreach (var action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);
}
