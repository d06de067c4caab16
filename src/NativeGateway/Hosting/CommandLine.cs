using System.CommandLine;
using System.CommandLine.Parsing;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Hosting.Commands;

namespace NativeGateway.Hosting;

/// <summary>From arguments to a verb and its exit code.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliContext context, CancellationToken cancellationToken)
    {
        var root = Build(context);
        if (arguments.Count == 0 && context.IsInteractive)
        {
            // Desktop clients start it so, to speak to it; a person wants to know what there is.
            await InvokeAsync(root.Parse(["--help"]), context, context.Error, cancellationToken);
            return ExitCode.Usage;
        }

        // No response files: an argument that begins with @ is what it says.
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count == 0)
        {
            return await InvokeAsync(parsed, context, context.Out, cancellationToken);
        }

        var path = Path(parsed);
        if (parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0)
        {
            // Only a group was named: what it has is more use than that something is missing.
            await InvokeAsync(root.Parse([.. path, "--help"]), context, context.Error, cancellationToken);
            return ExitCode.Usage;
        }

        Explain(parsed, context);
        context.Error.WriteLine($"See: native-gateway {string.Join(' ', [.. path, "--help"])}");
        return ExitCode.Usage;
    }

    private static void Explain(ParseResult parsed, CliContext context)
    {
        var verbs = parsed.CommandResult.Command.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name).ToArray();
        if (verbs.Length > 0 && parsed.UnmatchedTokens is [var given, ..] && !given.StartsWith('-'))
        {
            var near = NearestName.Find(given, verbs);
            context.Fail($"there is no command '{given}'; {(near is null ? $"there are {string.Join(", ", verbs)}" : $"did you mean '{near}'?")}");
            return;
        }

        foreach (var error in parsed.Errors)
        {
            var isMissing = error.SymbolResult is ArgumentResult { Tokens.Count: 0 };
            context.Fail(isMissing ? $"{((ArgumentResult)error.SymbolResult!).Argument.Name} is missing" : error.Message);
        }
    }

    private static Task<int> InvokeAsync(ParseResult parsed, CliContext context, TextWriter output, CancellationToken cancellationToken)
    {
        return parsed.InvokeAsync(
            new InvocationConfiguration
            {
                Output = output,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                // Signals belong to the host frame, which drains.
                ProcessTerminationTimeout = null,
            },
            cancellationToken);
    }

    private static RootCommand Build(CliContext context)
    {
        var root = new RootCommand("An MCP gateway: many MCP servers behind one endpoint, with keys, permissions and limits.")
        {
            ServeCommand.Build(context),
            StdioCommand.Build(context),
            ServersCommand.Build(context),
            KeysCommand.Build(context),
            TenantCommands.BuildOrganizations(context),
            TenantCommands.BuildWorkspaces(context),
            UsersCommand.Build(context),
            UsageCommand.Build(context),
            ExplainCommand.Build(context),
            AuditCommand.Build(context),
            InspectCommand.Build(context),
            DoctorCommand.Build(context),
            MigrateCommand.Build(context),
            BackupCommand.Build(context),
            RestoreCommand.Build(context),
            VersionCommand.Build(context),
        };
        TransportForm.AddTo(root, context);
        return root;
    }

    /// <summary>The verbs as typed, without the program's name.</summary>
    private static List<string> Path(ParseResult parsed)
    {
        var path = new List<string>();
        for (var result = parsed.CommandResult; result.Command is not RootCommand; result = (CommandResult)result.Parent!)
        {
            path.Insert(0, result.Command.Name);
        }

        return path;
    }
}
