using System.CommandLine;
using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>orgs limit</c>: gives an organization a plan and quotas of its own. What is not mentioned stays, <c>none</c> removes.</summary>
internal sealed class OrganizationLimitCommand
{
    private const string Organizations = "/organizations";
    private const string None = "none";

    private readonly Argument<string> _which = new("ORGANIZATION") { Description = "Its id or its name" };
    private readonly Option<string?> _plan = new("--plan") { Description = "free, pro, team, enterprise, or one of your own; none for no plan" };
    private readonly Option<string?> _daily = new("--daily-calls") { Description = "Calls in a day of UTC; none for what the plan says", HelpName = "N" };
    private readonly Option<string?> _monthly = new("--monthly-calls") { Description = "Calls in a month of UTC; none for what the plan says", HelpName = "N" };
    private readonly Option<string?> _spend = new("--monthly-spend") { Description = "Sum of the costs of calls in a month; none for what the plan says", HelpName = "AMOUNT" };
    private readonly Option<string?> _mode = new("--mode") { Description = "hard (refuse what goes beyond), soft (only count it), or none for what the plan says" };

    public Command Build(CliContext context)
    {
        var where = new AdminArguments();
        var command = new Command("limit", "Give an organization a plan, or quotas above those of its plan") { _which, _plan, _daily, _monthly, _spend, _mode };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                if (await AdminVerbs.FindAsync(door, Organizations, "organization", parsed.GetRequiredValue(_which), context, cancellationToken) is not { } item)
                {
                    return ExitCode.Failed;
                }

                var change = AdminVerbs.Body(json => WriteChange(json, parsed));
                var result = await door.SendAsync("PATCH", $"{Organizations}/{AdminVerbs.Text(item, "id")}", change, cancellationToken);
                return AdminVerbs.Finish(result, context, body => AdminVerbs.Print(context, body));
            },
            cancellationToken));
        return command;
    }

    private void WriteChange(Utf8JsonWriter json, ParseResult parsed)
    {
        WriteMember(json, "plan", parsed.GetValue(_plan));
        json.WriteStartObject("quotas");
        WriteMember(json, "dailyCalls", parsed.GetValue(_daily));
        WriteMember(json, "monthlyCalls", parsed.GetValue(_monthly));
        WriteMember(json, "monthlySpend", parsed.GetValue(_spend));
        WriteMember(json, "mode", parsed.GetValue(_mode));
        json.WriteEndObject();
    }

    private static void WriteMember(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text == None ? null : text);
        }
    }
}
