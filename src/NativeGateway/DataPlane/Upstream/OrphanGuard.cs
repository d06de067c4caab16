using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Kills the process groups of child processes when the gateway dies without a chance to do it (<c>kill -9</c>, out of memory). Only another
/// process can: a tiny shell that is told of every group and waits for its stdin to close. One for all upstreams, started with the first child;
/// without a shell on the machine, orphans are left to notice their closed stdin. Any thread.
/// </summary>
internal sealed class OrphanGuard(ILogger logger) : IAsyncDisposable
{
    /// <summary>Fixed text: nothing of any configuration gets near a shell.</summary>
    private const string Script = """
        trap '' INT TERM HUP
        groups=' '
        while read -r what group; do
          case $what in
            add) groups="$groups$group " ;;
            remove) groups="${groups%% $group *} ${groups#* $group }" ;;
          esac
        done
        for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
        """;

    private static readonly CommandConfig Command = new("/bin/sh", ["-c", Script], new Dictionary<string, string>(), null);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly HashSet<int> _groups = [];
    private ChildProcess? _shell;
    private bool _unavailable;
    private bool _disposed;

    public async Task AddAsync(int group)
    {
        await _gate.WaitAsync();
        try
        {
            _groups.Add(group);
            await TellAsync($"add {group}\n");
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The group is gone. To be told soon after, because its number may be given to others.</summary>
    public async Task RemoveAsync(int group)
    {
        await _gate.WaitAsync();
        try
        {
            if (_groups.Remove(group))
            {
                await TellAsync($"remove {group}\n");
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Looks like the gateway's death to the shell: groups that were not removed are killed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        _disposed = true;
        _gate.Release();
        if (_shell is not null)
        {
            await _shell.StopAsync(StdioTimings.Default.StopGrace, TimeProvider.System);
            await _shell.DisposeAsync();
        }
    }

    private async Task TellAsync(string line)
    {
        if (_unavailable || _disposed || (_shell is not null && await TrySendAsync(_shell, line)))
        {
            return;
        }

        // There is none yet, or somebody killed it: a new one is told of everything.
        if (_shell is not null)
        {
            await _shell.DisposeAsync();
        }

        var start = await ChildProcess.StartAsync(Command);
        _shell = start.Process;
        if (_shell is null || !await TrySendAsync(_shell, string.Concat(_groups.Select(group => $"add {group}\n"))))
        {
            _unavailable = true;
            logger.OrphanGuardMissing(start.Error ?? "the shell that would watch over them does not stay");
        }
    }

    private static async Task<bool> TrySendAsync(ChildProcess shell, string lines)
    {
        try
        {
            var rest = Encoding.ASCII.GetBytes(lines).AsMemory();
            while (!rest.IsEmpty)
            {
                rest = rest[await shell.Input.SendAsync(rest, SocketFlags.None)..];
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
