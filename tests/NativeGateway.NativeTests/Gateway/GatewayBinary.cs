using System.Diagnostics;
using System.Globalization;
using System.Text;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Gateway;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors);

/// <summary>The published binary: where it is, and how its short-lived commands are run.</summary>
internal static class GatewayBinary
{
    private const string Variable = "NATIVE_GATEWAY_BINARY";

    /// <summary>A missing binary fails every test that needs it; nothing is skipped.</summary>
    public static string Path { get; } = Find();

    public static async Task<CommandResult> RunAsync(TempDirectory directory, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process = new Process { StartInfo = StartInfo(directory, arguments, environment) };
        process.StartInfo.RedirectStandardInput = true;
        process.Start();
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TestTime.Limit);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw new TimeoutException($"native-gateway {string.Join(' ', arguments.Take(2))} did not end.");
        }

        return new CommandResult(process.ExitCode, await output, await errors);
    }

    /// <summary>The tests' own environment, without what would configure a gateway.</summary>
    /// <param name="directory">Where it runs: nothing of the repository (a gateway.json, a data directory) may be picked up.</param>
    /// <param name="descriptors">How many the system grants it; null for as many as to the tests.</param>
    public static ProcessStartInfo StartInfo(
        TempDirectory directory, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, int? descriptors = null)
    {
        var (program, before) = descriptors is { } most
            ? ("/bin/sh", (string[])["-c", $"ulimit -n {most.ToString(CultureInfo.InvariantCulture)} && exec \"$0\" \"$@\"", Path])
            : (Path, []);
        var info = new ProcessStartInfo(program, [.. before, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = directory.Path,
        };
        foreach (var name in info.Environment.Keys.Where(name => name.StartsWith("NATIVE_GATEWAY_", StringComparison.Ordinal)).ToArray())
        {
            info.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        return info;
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            return File.Exists(given) ? given : throw new InvalidOperationException($"{Variable} names no file.");
        }

        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(directory.FullName, "NativeGateway.sln")))
            {
                var binary = System.IO.Path.Combine(directory.FullName, "artifacts", "native", "native-gateway");
                return File.Exists(binary) ? binary : throw new InvalidOperationException($"{binary} is missing: run eng/native.sh first, or set {Variable}.");
            }
        }

        throw new InvalidOperationException($"The repository was not found above the tests: set {Variable}.");
    }
}
