using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary>The options that tell where the registry is, the same for every verb that works on it.</summary>
internal sealed class StoreArguments
{
    private readonly Option<string?> _config = new("--config", "-c") { Description = "Configuration file (default: gateway.json where it exists)", HelpName = "FILE" };
    private readonly Option<string?> _database = new("--database")
    {
        Description = "sqlite:PATH (default: sqlite:<data>/gateway.db) or postgres://user:password@host:port/name",
        HelpName = "URI",
    };

    private readonly Option<string?> _data = new("--data") { Description = "Data directory (default: ./data)", HelpName = "DIR" };

    public void AddTo(Command command)
    {
        command.Add(_config);
        command.Add(_database);
        command.Add(_data);
    }

    public CommandLineOptions Read(ParseResult parsed) => new()
    {
        Config = parsed.GetValue(_config),
        Database = parsed.GetValue(_database),
        Data = parsed.GetValue(_data),
    };
}
