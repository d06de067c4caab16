using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>doctor</c>: checks everything that a gateway needs and says what to do; with <c>--live</c> only whether one is alive.</summary>
internal static class DoctorCommand
{
    public static Command Build(CliContext context)
    {
        var options = new ServeArguments();
        var live = new Option<bool>("--live") { Description = "Only ask a running gateway for a sign of life (for container health checks)" };
        var url = new Option<string?>("--url") { Description = "Which one, with --live (default: the first listener)", HelpName = "URL" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("doctor", "Check configuration, database, key file, listeners and servers") { live, url, json };
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var arguments = options.Read(parsed);
            if (parsed.GetValue(live))
            {
                return await AskAsync(parsed.GetValue(url), arguments, context, cancellationToken);
            }

            var checks = await new Checkup(arguments, context).RunAsync(cancellationToken);
            Print(context, checks, parsed.GetValue(json));
            return checks.All(check => check.Passed) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<int> AskAsync(string? url, CommandLineOptions arguments, CliContext context, CancellationToken cancellationToken)
    {
        Uri? gateway;
        if (url is not null)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out gateway))
            {
                return context.Fail("--url must be a URL such as http://127.0.0.1:12006", ExitCode.Usage);
            }
        }
        else
        {
            var loaded = OptionsLoader.Load(arguments, context.Environment);
            if (loaded.Options is null)
            {
                return context.FailConfiguration(loaded.Faults);
            }

            gateway = LiveProbe.Reach(loaded.Options.Listen[0]);
        }

        return await LiveProbe.AskAsync(gateway, cancellationToken) is { } problem ? context.Fail($"the gateway {problem}") : ExitCode.Done;
    }

    private static void Print(CliContext context, IReadOnlyList<CheckResult> checks, bool json)
    {
        if (json)
        {
            JsonOutput.PrintList(context.Out, checks, (writer, check) =>
            {
                writer.WriteStartObject();
                writer.WriteString("check", check.Name);
                writer.WriteBoolean("passed", check.Passed);
                writer.WriteString("detail", check.Detail);
                writer.WriteEndObject();
            });
            return;
        }

        foreach (var check in checks)
        {
            context.Out.WriteLine($"{(check.Passed ? '✓' : '✗')} {check.Name}: {check.Detail}");
        }
    }
}
