using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary>How a verb that runs until it is stopped logs and ends.</summary>
internal sealed class RunArguments
{
    private readonly Option<string?> _logLevel = new("--log-level") { Description = "trace, debug, info (default), warning, error, critical or none", HelpName = "LEVEL" };
    private readonly Option<string?> _logFormat = new("--log-format") { Description = "text (default) or json", HelpName = "FORMAT" };
    private readonly Option<string?> _shutdownTimeout = new("--shutdown-timeout") { Description = "How long what runs may take to finish (default: 30s)", HelpName = "TIME" };

    public void AddTo(Command command)
    {
        command.Add(_logLevel);
        command.Add(_logFormat);
        command.Add(_shutdownTimeout);
    }

    /// <summary>Adds them to what other options gave.</summary>
    public CommandLineOptions Read(ParseResult parsed, CommandLineOptions others) => others with
    {
        LogLevel = parsed.GetValue(_logLevel),
        LogFormat = parsed.GetValue(_logFormat),
        ShutdownTimeout = parsed.GetValue(_shutdownTimeout),
    };
}
