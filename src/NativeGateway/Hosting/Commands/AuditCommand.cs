using System.CommandLine;
using System.Text.Json;
using NativeGateway.ControlPlane.Admin;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>audit …</c>: who changed what, who was refused what, and whether the log of it is as it was written.</summary>
internal static class AuditCommand
{
    private const string Path = "/audit";
    private const int PageSize = 200;

    public static Command Build(CliContext context) => new("audit", "Show, export and verify the log of changes and refusals")
    {
        BuildList(context),
        BuildExport(context),
        BuildVerify(context),
    };

    private static Command BuildList(CliContext context)
    {
        var where = new AdminArguments();
        var filter = new AuditFilter();
        var last = new Option<int>("--last") { Description = "How many, the newest first", HelpName = "N", DefaultValueFactory = _ => 50 };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("list", "Show the newest entries") { last, json };
        filter.AddTo(command);
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                var entries = new List<JsonElement>();
                var exit = await ReadAsync(door, context, filter.Query(parsed), parsed.GetValue(last), entries.Add, cancellationToken);
                if (exit == ExitCode.Done)
                {
                    ListCommand.Print(
                        context, entries, parsed.GetValue(json), ["SEQUENCE", "AT", "ACTOR", "ADDRESS", "OUTCOME", "COUNT", "ACTION", "OF"], Row);
                }

                return exit;
            },
            cancellationToken));
        return command;
    }

    private static Command BuildExport(CliContext context)
    {
        var where = new AdminArguments();
        var filter = new AuditFilter();
        var format = new Option<string>("--format") { Description = "jsonl or csv", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl", "csv");
        var command = new Command("export", "Write every entry to standard output, the oldest first") { format };
        filter.AddTo(command);
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            door =>
            {
                var isTable = parsed.GetValue(format) == "csv";
                if (isTable)
                {
                    context.Out.Write(AuditTable.Head);
                }

                return ReadAsync(
                    door, context, filter.Query(parsed) + "&order=asc", int.MaxValue,
                    entry => context.Out.Write(isTable ? AuditTable.Row(entry) : entry.GetRawText() + "\n"), cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static Command BuildVerify(CliContext context)
    {
        var where = new AdminArguments();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("verify", "Check that no entry was removed, inserted, altered or moved") { json };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                var result = await door.SendAsync("GET", $"{Path}/verify", null, cancellationToken);
                var exit = AdminVerbs.Finish(result, context, verdict =>
                {
                    if (parsed.GetValue(json))
                    {
                        AdminVerbs.Print(context, verdict);
                    }
                    else
                    {
                        Tell(context, verdict);
                    }
                });
                return exit == ExitCode.Done && !result.Body.GetProperty("ok").GetBoolean() ? ExitCode.Failed : exit;
            },
            cancellationToken));
        return command;
    }

    private static void Tell(CliContext context, JsonElement verdict)
    {
        foreach (var fault in verdict.GetProperty("faults").EnumerateArray())
        {
            context.Error.WriteLine($"native-gateway: entry {fault.GetProperty("sequence")} {AdminVerbs.Text(fault, "what")}");
        }

        if (verdict.GetProperty("ok").GetBoolean())
        {
            context.Out.WriteLine(
                $"Entries {verdict.GetProperty("first")} to {verdict.GetProperty("last")} are as they were written. Hash of the newest: {AdminVerbs.Text(verdict, "head")}");
        }
    }

    /// <summary>Page by page, so many at most.</summary>
    private static async Task<int> ReadAsync(
        IAdminDoor door, CliContext context, string query, int most, Action<JsonElement> take, CancellationToken cancellationToken)
    {
        var cursor = "";
        while (most > 0)
        {
            var result = await door.SendAsync("GET", $"{Path}?limit={Math.Min(most, PageSize)}{query}{cursor}", null, cancellationToken);
            if (!result.IsDone)
            {
                return context.Fail(result.Problem);
            }

            foreach (var entry in result.Body.GetProperty("items").EnumerateArray())
            {
                take(entry);
                most--;
            }

            if (AdminVerbs.Text(result.Body, "nextCursor") is not { } next)
            {
                break;
            }

            cursor = $"&cursor={next}";
        }

        return ExitCode.Done;
    }

    private static string[] Row(JsonElement entry) =>
    [
        AuditTable.Cell(entry, "sequence"),
        AuditTable.Cell(entry, "at"),
        $"{AuditTable.Cell(entry, "actor.kind")} {AuditTable.Cell(entry, "actor.id")}",
        AuditTable.Cell(entry, "actor.address"),
        AuditTable.Cell(entry, "outcome"),
        AuditTable.Cell(entry, "count"),
        AuditTable.Cell(entry, "action"),
        $"{AuditTable.Cell(entry, "resource.type")} {AuditTable.Cell(entry, "resource.id")} {AuditTable.Cell(entry, "fields")}",
    ];
}
