using System.CommandLine;
using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>… list</c> and <c>… show</c> of whatever the API has.</summary>
internal static class ListCommand
{
    /// <param name="heads">The columns of the table for people.</param>
    /// <param name="row">Their cells for one item.</param>
    /// <param name="arrange">Leaves out and sorts; null to show the list as it came.</param>
    public static Command Build(
        CliContext context,
        string path,
        string description,
        string[] heads,
        Func<JsonElement, string[]> row,
        Func<IEnumerable<JsonElement>, IEnumerable<JsonElement>>? arrange = null,
        string verb = "list")
    {
        var where = new AdminArguments();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command(verb, description) { json };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                if (await AdminVerbs.ListAsync(door, path, context, cancellationToken) is not { } all)
                {
                    return ExitCode.Failed;
                }

                Print(context, arrange is null ? all : [.. arrange(all)], parsed.GetValue(json), heads, row);
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }

    /// <summary>Items of the API as they are, or as a table for people.</summary>
    public static void Print(CliContext context, List<JsonElement> items, bool asJson, string[] heads, Func<JsonElement, string[]> row)
    {
        if (asJson)
        {
            JsonOutput.PrintList(context.Out, items, (writer, item) => item.WriteTo(writer));
            return;
        }

        var table = new TextTable(heads);
        items.ForEach(item => table.Add(row(item)));
        table.Print(context.Out);
    }

    /// <param name="kind">What it is: <c>key</c>, <c>server</c>, …</param>
    public static Command BuildShow(CliContext context, string path, string kind, string description)
    {
        var where = new AdminArguments();
        var which = new Argument<string>(kind.ToUpperInvariant()) { Description = "Its id or its name" };
        var json = new Option<bool>("--json") { Description = "Print JSON (as it does anyway)", Hidden = true };
        var command = new Command("show", description) { which, json };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                if (await AdminVerbs.FindAsync(door, path, kind, parsed.GetRequiredValue(which), context, cancellationToken) is not { } item)
                {
                    return ExitCode.Failed;
                }

                AdminVerbs.Print(context, item);
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
