namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>Looks into /proc for what is alive.</summary>
internal static class ProcessGroup
{
    /// <summary>The ids of the processes in a group that run; dead ones that nobody has reaped yet do not count.</summary>
    public static int[] Living(int group) => [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => IsLiving(name!, group)).Select(int.Parse!)];

    /// <summary>Returns when nobody of the group runs any more. A signal is delivered at once, but to die of it takes a moment.</summary>
    public static async Task GoneAsync(int group)
    {
        using var patience = new CancellationTokenSource(StdioFixture.Patience);
        while (Living(group).Length > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static bool IsLiving(string name, int group)
    {
        if (!int.TryParse(name, out _))
        {
            return false;
        }

        try
        {
            // pid (command) state ppid pgrp …; the command may hold spaces and parentheses.
            var stat = File.ReadAllText($"/proc/{name}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is not ("Z" or "X") && int.Parse(fields[2]) == group;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
