using System.CommandLine;
using System.Text.Json;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Configuration;

namespace NativeGateway.Hosting.Commands;

/// <summary>The options of <c>servers add</c> and the configuration entry that they stand for.</summary>
internal sealed class ServerOptions
{
    private readonly Argument<string> _name = new("NAME") { Description = "A short name: letters, digits and hyphens; the prefix of its tools" };
    private readonly Argument<string[]> _command = new("COMMAND") { Description = "Program and arguments, after --", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _url = new("--url") { Description = "Where a remote server is", HelpName = "URL" };
    private readonly Option<string?> _type = new("--type") { Description = "http (default) or sse, for a remote server" };
    private readonly Option<string[]> _headers = new("--header") { Description = "Sent with every request (repeatable)", HelpName = "NAME: VALUE" };
    private readonly Option<string[]> _env = new("--env") { Description = "Set for a local program (repeatable)", HelpName = "NAME=VALUE" };
    private readonly Option<string?> _cwd = new("--cwd") { Description = "Working directory of a local program", HelpName = "DIR" };
    private readonly Option<string?> _prefix = new("--prefix") { Description = "Used instead of NAME before its tools; empty for none" };
    private readonly Option<string?> _instructions = new("--instructions") { Description = "Given to clients instead of the server's own" };
    private readonly Option<string?> _timeout = new("--timeout") { Description = "For one call, such as 30s (default) or 2m" };
    private readonly Option<string?> _cost = new("--cost-per-call") { Description = "Counted per call in the usage" };
    private readonly Option<string[]> _allow = new("--allow-tool") { Description = "Only tools that match this pattern (repeatable)", HelpName = "GLOB" };
    private readonly Option<string[]> _deny = new("--deny-tool") { Description = "No tools that match this pattern (repeatable)", HelpName = "GLOB" };
    private readonly Option<bool> _disabled = new("--disabled") { Description = "Add it without offering it yet" };

    public void AddTo(Command command)
    {
        command.Add(_name);
        command.Add(_command);
        foreach (var option in (Option[])[_url, _type, _headers, _env, _cwd, _prefix, _instructions, _timeout, _cost, _allow, _deny, _disabled])
        {
            command.Add(option);
        }
    }

    public string Name(ParseResult parsed) => parsed.GetRequiredValue(_name);

    public void WriteEntry(Utf8JsonWriter json, ParseResult parsed, ConfigReading reading)
    {
        json.WriteStartObject();
        var command = parsed.GetValue(_command) ?? [];
        if (command.Length > 0)
        {
            json.WriteString("command", command[0]);
            WriteList(json, "args", command[1..]);
        }

        WriteText(json, "url", parsed.GetValue(_url));
        WriteText(json, "type", parsed.GetValue(_type));
        WriteMap(json, "headers", parsed.GetValue(_headers), ':', "--header", reading);
        WriteMap(json, "env", parsed.GetValue(_env), '=', "--env", reading);
        WriteText(json, "cwd", parsed.GetValue(_cwd));
        WriteText(json, "prefix", parsed.GetValue(_prefix));
        WriteText(json, "instructions", parsed.GetValue(_instructions));
        WriteText(json, "timeout", parsed.GetValue(_timeout));
        WriteText(json, "costPerCall", parsed.GetValue(_cost));
        json.WriteBoolean("disabled", parsed.GetValue(_disabled));
        json.WriteStartObject("tools");
        WriteList(json, "allow", parsed.GetValue(_allow) ?? []);
        WriteList(json, "deny", parsed.GetValue(_deny) ?? []);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> values) => json.WriteTexts(name, values);

    private static void WriteMap(Utf8JsonWriter json, string name, string[]? pairs, char separator, string option, ConfigReading reading)
    {
        if (pairs is null or [])
        {
            return;
        }

        json.WriteStartObject(name);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf(separator, StringComparison.Ordinal);
            if (at <= 0)
            {
                reading.Fault(option, $"must be written as NAME{separator}VALUE");
                continue;
            }

            var value = separator == ':' ? pair[(at + 1)..].Trim() : pair[(at + 1)..];
            json.WriteString(pair[..at], value);
        }

        json.WriteEndObject();
    }

}
