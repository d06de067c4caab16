using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary>Whether a key is demanded, and which one a client on standard input has.</summary>
internal sealed class KeyArguments
{
    private readonly Option<bool> _require = new("--require-api-auth") { Description = "Demand a key, whatever the configuration says" };
    private readonly Option<string?> _apiKey = new("--api-key") { Description = "The key to act with (or NATIVE_GATEWAY_API_KEY)", HelpName = "KEY" };

    public void AddTo(Command command)
    {
        command.Add(_require);
        command.Add(_apiKey);
    }

    /// <summary>Adds them to what other options gave.</summary>
    public CommandLineOptions Read(ParseResult parsed, CommandLineOptions others) => others with
    {
        RequireApiAuth = parsed.GetValue(_require),
        ApiKey = parsed.GetValue(_apiKey),
    };
}
