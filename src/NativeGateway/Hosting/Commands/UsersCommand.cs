using System.CommandLine;
using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>users …</c>: the people who sign in, their roles, and invitations. Passwords come from a prompt or from standard input.</summary>
internal static class UsersCommand
{
    private const string Members = "/members";
    private const string Invitations = "/invitations";

    public static Command Build(CliContext context) => new("users", "Add, invite, list and remove the people who administer")
    {
        BuildAdd(context),
        BuildInvite(context),
        ListCommand.Build(
            context, Members, "List the members of organizations", ["ID", "ROLE", "ORGANIZATION", "EMAIL", "NAME"],
            item => AdminVerbs.Cells(item, "id", "role", "organizationId", "email", "name")),
        ListCommand.BuildShow(context, Members, "user", "Show a member"),
        BuildSetRole(context),
        BuildSetPassword(context),
        new ChangeCommand(Members, "user", "remove", "Remove a member, and revoke the keys that belong to it", "DELETE")
            .Build(context, (item, _, _) => context.Out.WriteLine($"{AdminVerbs.Text(item, "email")}: removed.")),
        ListCommand.Build(
            context, Invitations, "List the open invitations", ["ID", "STATE", "ROLE", "ORGANIZATION", "EXPIRES", "EMAIL"],
            item => AdminVerbs.Cells(item, "id", "state", "role", "organizationId", "expiresAt", "email"), verb: "invitations"),
        new ChangeCommand(Invitations, "invitation", "reinvite", "Give an invitation another link and seven more days", "POST", "/renew")
            .Build(context, (_, answer, json) => PrintInvitation(context, answer, json)),
        new ChangeCommand(Invitations, "invitation", "uninvite", "Revoke an invitation", "DELETE")
            .Build(context, (item, _, _) => context.Out.WriteLine($"{AdminVerbs.Text(item, "email")}: the invitation is revoked.")),
    };

    private static Command BuildAdd(CliContext context)
    {
        var where = new AdminArguments();
        var email = new Argument<string>("EMAIL") { Description = "What the user signs in with" };
        var name = new Option<string?>("--name") { Description = "The user's name; not for one who has an account already" };
        var role = NewRole();
        var owner = NewOrganization();
        var instance = new Option<bool>("--instance") { Description = "Administers the whole instance, as a key with the scope instance does" };
        var command = new Command("add", "Add a user; asks for the password, or reads it from standard input") { email, name, role, owner, instance };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: true,
            async door =>
            {
                var (isKnown, organization) = await FindOrganizationAsync(door, parsed.GetValue(owner), context, cancellationToken);
                string? password = null;
                if (!isKnown || (parsed.GetValue(name) is not null && (password = await PasswordPrompt.AskAsync(context, cancellationToken)) is null))
                {
                    return ExitCode.Failed;
                }

                var body = AdminVerbs.Body(json =>
                {
                    json.WriteString("organizationId", organization);
                    json.WriteString("email", parsed.GetRequiredValue(email));
                    json.WriteString("role", parsed.GetRequiredValue(role));
                    json.WriteString("name", parsed.GetValue(name));
                    json.WriteString("password", password);
                    if (parsed.GetValue(instance))
                    {
                        json.WriteBoolean("instance", true);
                    }
                });
                return AdminVerbs.Finish(await door.SendAsync("POST", Members, body, cancellationToken), context, answer => AdminVerbs.Print(context, answer));
            },
            cancellationToken));
        return command;
    }

    private static Command BuildInvite(CliContext context)
    {
        var where = new AdminArguments();
        var email = new Argument<string>("EMAIL") { Description = "Whom to invite" };
        var role = NewRole();
        var owner = NewOrganization();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("invite", "Make a link with which somebody becomes a member, once, within seven days") { email, role, owner, json };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: true,
            async door =>
            {
                var (isKnown, organization) = await FindOrganizationAsync(door, parsed.GetValue(owner), context, cancellationToken);
                if (!isKnown)
                {
                    return ExitCode.Failed;
                }

                var body = AdminVerbs.Body(writer =>
                {
                    writer.WriteString("organizationId", organization);
                    writer.WriteString("email", parsed.GetRequiredValue(email));
                    writer.WriteString("role", parsed.GetRequiredValue(role));
                });
                return AdminVerbs.Finish(
                    await door.SendAsync("POST", Invitations, body, cancellationToken), context, answer => PrintInvitation(context, answer, parsed.GetValue(json)));
            },
            cancellationToken));
        return command;
    }

    private static Command BuildSetRole(CliContext context)
    {
        var where = new AdminArguments();
        var which = NewUser();
        var role = new Argument<string>("ROLE") { Description = Roles.Known };
        var command = new Command("set-role", "Give a member another role") { which, role };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                if (await AdminVerbs.FindAsync(door, Members, "user", parsed.GetRequiredValue(which), context, cancellationToken) is not { } member)
                {
                    return ExitCode.Failed;
                }

                var body = AdminVerbs.Body(json => json.WriteString("role", parsed.GetRequiredValue(role)));
                var result = await door.SendAsync("PATCH", $"{Members}/{AdminVerbs.Text(member, "id")}", body, cancellationToken);
                return AdminVerbs.Finish(result, context, answer => context.Out.WriteLine($"{AdminVerbs.Text(answer, "email")}: {AdminVerbs.Text(answer, "role")}."));
            },
            cancellationToken));
        return command;
    }

    private static Command BuildSetPassword(CliContext context)
    {
        var where = new AdminArguments();
        var which = NewUser();
        var command = new Command("set-password", "Give a user another password, from a prompt or standard input, and sign it out everywhere") { which };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => where.RunAsync(
            parsed,
            context,
            creates: false,
            async door =>
            {
                if (await AdminVerbs.FindAsync(door, Members, "user", parsed.GetRequiredValue(which), context, cancellationToken) is not { } member
                    || await PasswordPrompt.AskAsync(context, cancellationToken) is not { } password)
                {
                    return ExitCode.Failed;
                }

                var body = AdminVerbs.Body(json => json.WriteString("password", password));
                var result = await door.SendAsync("POST", $"{Members}/{AdminVerbs.Text(member, "id")}/password", body, cancellationToken);
                return AdminVerbs.Finish(result, context, answer => context.Out.WriteLine($"{AdminVerbs.Text(answer, "email")}: the password is changed."));
            },
            cancellationToken));
        return command;
    }

    private static Argument<string> NewUser() => new("USER") { Description = "A member by its id or its e-mail address" };

    private static Option<string> NewRole() => new("--role") { Description = $"{Roles.Known} (default: member)", DefaultValueFactory = _ => Role.Member.Label() };

    private static Option<string?> NewOrganization() => new("--org") { Description = "The organization, by id or name (default: your own)" };

    /// <returns>False after a message; the id is null for the caller's own.</returns>
    private static async Task<(bool IsKnown, string? Id)> FindOrganizationAsync(
        IAdminDoor door, string? which, CliContext context, CancellationToken cancellationToken)
    {
        if (which is null)
        {
            return (true, null);
        }

        var found = await AdminVerbs.FindAsync(door, "/organizations", "organization", which, context, cancellationToken);
        return (found is not null, found is { } organization ? AdminVerbs.Text(organization, "id") : null);
    }

    private static void PrintInvitation(CliContext context, JsonElement answer, bool json)
    {
        if (json)
        {
            AdminVerbs.Print(context, answer);
            return;
        }

        context.Out.WriteLine(AdminVerbs.Text(answer, "link"));
        context.Error.WriteLine(
            $"Put the gateway's address before it and send it to {AdminVerbs.Text(answer, "email")}. It is shown this once and good until {AdminVerbs.Text(answer, "expiresAt")}.");
    }
}
