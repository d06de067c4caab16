using System.Collections;
using NativeGateway.ControlPlane.Configuration;

namespace NativeGateway.Hosting;

/// <summary>What a command sees of the process it runs in, so that tests can run commands in theirs.</summary>
/// <param name="Logs">Where log lines go.</param>
internal sealed record CliContext(
    TextWriter Out,
    TextWriter Error,
    TextReader In,
    Stream Logs,
    IReadOnlyDictionary<string, string> Environment,
    TimeProvider Time)
{
    /// <summary>Standard input and output as bytes, for the verbs that speak a protocol there.</summary>
    public Func<StandardPipes> OpenPipes { get; init; } = static () => new StandardPipes(Stream.Null, Stream.Null, static () => false);

    /// <summary>A person sits at standard input, no program.</summary>
    public bool IsInteractive { get; init; } = true;

    /// <summary>The keys that a person types, without showing them; null where a program gives lines on <see cref="In"/>.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    public static CliContext FromProcess()
    {
        var variables = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "");
        return new CliContext(Console.Out, Console.Error, Console.In, Console.OpenStandardError(), variables, TimeProvider.System)
        {
            OpenPipes = static () => new StandardPipes(Console.OpenStandardInput(), Console.OpenStandardOutput(), OutputEnd.IsBroken),
            IsInteractive = !Console.IsInputRedirected,
            ReadKey = Console.IsInputRedirected ? null : static () => Console.ReadKey(intercept: true),
        };
    }

    /// <summary>Tells a failure the way all commands do.</summary>
    public int Fail(string message, int exitCode = ExitCode.Failed)
    {
        Error.WriteLine($"native-gateway: {message}");
        return exitCode;
    }

    /// <summary>Tells everything that is wrong with the configuration, at once.</summary>
    public int FailConfiguration(IReadOnlyList<ConfigFault> faults)
    {
        Error.WriteLine(faults.Count == 1 ? "native-gateway: the configuration has a fault:" : $"native-gateway: the configuration has {faults.Count} faults:");
        foreach (var fault in faults)
        {
            Error.WriteLine($"  {fault}");
        }

        return ExitCode.Configuration;
    }
}

/// <summary>What the process ends with (sysexits.h for 64 and 78).</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 64;
    public const int Configuration = 78;
}
