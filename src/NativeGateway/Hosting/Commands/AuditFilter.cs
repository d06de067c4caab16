using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary>Which entries an <c>audit</c> verb is about.</summary>
internal sealed class AuditFilter
{
    private readonly (Option<string?> Option, string Parameter)[] _options =
    [
        (new("--from") { Description = "Not before, such as 2026-01-31T12:00:00Z", HelpName = "TIME" }, "from"),
        (new("--to") { Description = "Before", HelpName = "TIME" }, "to"),
        (new("--actor") { Description = "Id of a key, or an operator's name", HelpName = "ID" }, "actor"),
        (new("--action") { Description = "Such as key.created, or key.* for all of a kind", HelpName = "ACTION" }, "action"),
        (new("--resource") { Description = "A kind, or a kind and an id: server, key/ID", HelpName = "RESOURCE" }, "resource"),
        (new("--outcome") { Description = "done, or what it was refused with", HelpName = "OUTCOME" }, "outcome"),
        (new("--request-id") { Description = "The X-Request-Id of one request", HelpName = "ID" }, "requestId"),
    ];

    public void AddTo(Command command)
    {
        foreach (var (option, _) in _options)
        {
            command.Add(option);
        }
    }

    /// <summary>As parameters of a query, each behind a <c>&amp;</c>.</summary>
    public string Query(ParseResult parsed)
    {
        var query = "";
        foreach (var (option, parameter) in _options)
        {
            query += parsed.GetValue(option) is { } value ? $"&{parameter}={Uri.EscapeDataString(value)}" : "";
        }

        return query;
    }
}
