using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>orgs …</c> and <c>workspaces …</c>: the tenants and their sets of servers.</summary>
internal static class TenantCommands
{
    private const string Organizations = "/organizations";
    private const string Workspaces = "/workspaces";

    public static Command BuildOrganizations(CliContext context) => new("orgs", "Create, list, limit, suspend and delete organizations")
    {
        BuildCreateOrganization(context),
        ListCommand.Build(
            context, Organizations, "List the organizations", ["ID", "STATE", "NAME"],
            item => [AdminVerbs.Text(item, "id")!, item.GetProperty("suspended").GetBoolean() ? "suspended" : "active", AdminVerbs.Text(item, "name")!]),
        ListCommand.BuildShow(context, Organizations, "organization", "Show an organization"),
        Change("suspend", "Refuse all keys of an organization until it is resumed", """{"suspended":true}""").Build(context, "suspended"),
        Change("resume", "Accept the keys of a suspended organization again", """{"suspended":false}""").Build(context, "resumed"),
        new OrganizationLimitCommand().Build(context),
        new ChangeCommand(Organizations, "organization", "delete", "Delete an organization that has no workspaces", "DELETE").Build(context, "deleted"),
        new ChangeCommand(Organizations, "organization", "export", "Print everything that is stored about an organization, but for secrets", "GET", "/export")
            .Build(context, (_, answer, _) => AdminVerbs.Print(context, answer)),
        new ChangeCommand(Organizations, "organization", "erase", "Delete a suspended organization with everything that it owns, for good", "DELETE", "?cascade=true")
            .Build(context, "erased"),
    };

    public static Command BuildWorkspaces(CliContext context) => new("workspaces", "Create, list and delete workspaces")
    {
        BuildCreateWorkspace(context),
        ListCommand.Build(
            context, Workspaces, "List the workspaces", ["ID", "ORGANIZATION", "NAME"],
            item => AdminVerbs.Cells(item, "id", "organizationId", "name")),
        ListCommand.BuildShow(context, Workspaces, "workspace", "Show a workspace"),
        new ChangeCommand(Workspaces, "workspace", "delete", "Delete a workspace that has no servers and keys", "DELETE").Build(context, "deleted"),
    };

    private static ChangeCommand Change(string verb, string description, string patch) =>
        new(Organizations, "organization", verb, description, "PATCH") { Body = patch };

    private static Command BuildCreateOrganization(CliContext context)
    {
        var where = new AdminArguments();
        var name = new Argument<string>("NAME") { Description = "What it is called" };
        var command = new Command("create", "Create an organization; give it a workspace and a key next") { name };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: true,
            async door => AdminVerbs.Finish(
                await door.SendAsync("POST", Organizations, AdminVerbs.Body(json => json.WriteString("name", parsed.GetRequiredValue(name))), cancellationToken),
                context,
                body => AdminVerbs.Print(context, body)),
            cancellationToken));
        return command;
    }

    private static Command BuildCreateWorkspace(CliContext context)
    {
        var where = new AdminArguments();
        var name = new Argument<string>("NAME") { Description = "What it is called" };
        var owner = new Option<string?>("--org") { Description = "The organization that it belongs to, by id or name (default: your own)" };
        var instructions = new Option<string?>("--instructions") { Description = "Given to clients before those of the servers" };
        var command = new Command("create", "Create a workspace") { name, owner, instructions };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: true,
            async door =>
            {
                string? ownerId = null;
                if (parsed.GetValue(owner) is { } which)
                {
                    if (await AdminVerbs.FindAsync(door, Organizations, "organization", which, context, cancellationToken) is not { } organization)
                    {
                        return ExitCode.Failed;
                    }

                    ownerId = AdminVerbs.Text(organization, "id");
                }

                var body = AdminVerbs.Body(json =>
                {
                    json.WriteString("name", parsed.GetRequiredValue(name));
                    json.WriteString("organizationId", ownerId);
                    json.WriteString("instructions", parsed.GetValue(instructions));
                });
                return AdminVerbs.Finish(await door.SendAsync("POST", Workspaces, body, cancellationToken), context, answer => AdminVerbs.Print(context, answer));
            },
            cancellationToken));
        return command;
    }
}
