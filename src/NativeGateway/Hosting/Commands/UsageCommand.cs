using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>usage …</c>: what was called, by whom, how often, how fast and at which cost.</summary>
internal static class UsageCommand
{
    /// <summary>Members that say what an item is of, as far as it has them.</summary>
    private static readonly string[] Subjects = ["keyId", "server", "name"];

    public static Command Build(CliContext context) => new("usage", "Show what was called, how it went and what it cost")
    {
        BuildShow(context),
        BuildErrors(context),
    };

    private static Command BuildShow(CliContext context)
    {
        var by = new Option<string?>("--by") { Description = "What to tell apart, the most called first: server, key or tool" };
        by.AcceptOnlyFromAmong("server", "key", "tool");
        var command = new Command("show", "Sums of a time: calls, errors, latencies, cost") { by };
        return Answer(
            command, context, parsed => parsed.GetValue(by) is { } one ? $"/usage/by-{one}" : "/usage/summary",
            ["CALLS", "ERRORS", "TOOL ERRORS", "REFUSED", "P50 MS", "P95 MS", "P99 MS", "COST", "OF"],
            item =>
            {
                var latency = item.GetProperty("latencyMs");
                return
                [
                    Number(item, "calls"), Number(item, "errors"), Number(item, "toolErrors"), Number(item, "refused"),
                    Number(latency, "p50"), Number(latency, "p95"), Number(latency, "p99"), Number(item, "cost"), Subject(item),
                ];
            });
    }

    private static Command BuildErrors(CliContext context) => Answer(
        new Command("errors", "Single requests that did not end well, the newest first, by codes"), context, _ => "/usage/errors",
        ["AT", "OUTCOME", "STATUS", "CODE", "REQUEST ID", "METHOD", "OF"],
        item =>
        [
            AdminVerbs.Text(item, "at")!, AdminVerbs.Text(item, "outcome")!, Number(item, "status"), Number(item, "code"),
            AdminVerbs.Text(item, "requestId")!, AdminVerbs.Text(item, "method")!, Subject(item),
        ]);

    /// <summary>A verb that asks one question and shows the answer's items, or the answer itself where it has none.</summary>
    private static Command Answer(Command command, CliContext context, Func<ParseResult, string> path, string[] heads, Func<JsonElement, string[]> row)
    {
        var where = new AdminArguments();
        var last = new Option<string>("--last") { Description = "How far back, such as 1h, 24h or 30d", HelpName = "DURATION", DefaultValueFactory = _ => "24h" };
        var organization = new Option<Guid?>("--org") { Description = "The organization's id (default: your own)" };
        var top = new Option<int>("--top") { Description = "How many, at most 200", HelpName = "N", DefaultValueFactory = _ => 20 };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        foreach (var option in (Option[])[last, organization, top, json])
        {
            command.Add(option);
        }

        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                var now = context.Time.GetUtcNow();
                if (DurationText.Parse(parsed.GetValue(last)!) is not { } span || span > now - DateTimeOffset.UnixEpoch)
                {
                    return context.Fail($"--last must be {DurationText.Form}", ExitCode.Usage);
                }

                var query = string.Create(CultureInfo.InvariantCulture, $"?from={now - span:yyyy-MM-dd'T'HH:mm:ss'Z'}&limit={parsed.GetValue(top)}");
                var tenant = parsed.GetValue(organization) is { } id ? $"&organizationId={id}" : "";
                var result = await door.SendAsync("GET", path(parsed) + query + tenant, null, cancellationToken);
                return AdminVerbs.Finish(result, context, body => Show(context, body, parsed.GetValue(json), heads, row));
            },
            cancellationToken));
        return command;
    }

    private static void Show(CliContext context, JsonElement body, bool asJson, string[] heads, Func<JsonElement, string[]> row)
    {
        if (asJson)
        {
            AdminVerbs.Print(context, body);
            return;
        }

        var table = new TextTable(heads);
        foreach (var item in body.TryGetProperty("items", out var items) ? items.EnumerateArray().ToArray() : [body])
        {
            table.Add(row(item));
        }

        table.Print(context.Out);
    }

    private static string Number(JsonElement item, string member) =>
        item.GetProperty(member) is { ValueKind: JsonValueKind.Number } number ? number.GetDecimal().ToString("0.######", CultureInfo.InvariantCulture) : "-";

    private static string Subject(JsonElement item)
    {
        var parts = Subjects.Select(member => AdminVerbs.Text(item, member)).Where(text => !string.IsNullOrEmpty(text));
        return string.Join(' ', parts) is { Length: > 0 } subject ? subject : "everything";
    }
}
