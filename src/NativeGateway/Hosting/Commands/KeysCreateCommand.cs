using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>keys create</c>: makes a key and prints it once.</summary>
internal static class KeysCreateCommand
{
    public static Command Build(CliContext context)
    {
        var where = new AdminArguments();
        var name = new Option<string>("--name") { Description = "What it is for, to tell it from others", Required = true };
        var scopes = new Option<string[]>("--scope") { Description = $"{KeyScopeText.Known} (repeatable; default: mcp)" };
        var globs = new GlobOptions();
        var rate = new Option<int?>("--requests-per-minute") { Description = "A limit of its own" };
        var burst = new Option<int?>("--burst") { Description = "Requests at once (default: ten seconds' worth)" };
        var expires = new Option<string?>("--expires") { Description = "A duration such as 90d, or a time such as 2027-01-31T00:00:00Z" };
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("create", "Create a key and print it once") { name, scopes, rate, burst, expires, json };
        globs.AddTo(command);
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var problems = new List<string>();
            var request = new KeyRequest(
                parsed.GetValue(name) ?? "",
                ReadScopes(parsed.GetValue(scopes) ?? [], problems),
                globs.Read(parsed),
                ReadLimits(parsed.GetValue(rate), parsed.GetValue(burst), problems),
                ReadExpiry(parsed.GetValue(expires), context.Time, problems));
            if (problems.Count > 0)
            {
                problems.ForEach(problem => context.Fail(problem));
                return Task.FromResult(ExitCode.Usage);
            }

            return where.RunAsync(
                parsed,
                context,
                creates: true,
                async door => AdminVerbs.Finish(
                    await door.SendAsync("POST", "/keys", AdminVerbs.Body(writer => Write(writer, request)), cancellationToken),
                    context,
                    issued => KeyOutput.PrintIssued(context, issued, parsed.GetValue(json))),
                cancellationToken);
        });
        return command;
    }

    private static void Write(Utf8JsonWriter json, KeyRequest key)
    {
        json.WriteString("name", key.Name);
        json.WriteTexts("scopes", KeyScopeText.Format(key.Scopes));
        json.WriteGlobs("servers", key.Permissions.Servers);
        json.WriteGlobs("tools", key.Permissions.Tools);
        json.WriteGlobs("prompts", key.Permissions.Prompts);
        json.WriteGlobs("resources", key.Permissions.Resources);
        json.WriteLimit("limits", key.Limits);
        json.WriteTime("expiresAt", key.ExpiresAt);
    }

    private static KeyScopes ReadScopes(string[] texts, List<string> problems)
    {
        var scopes = texts.Length == 0 ? KeyScopes.Mcp : KeyScopes.None;
        foreach (var text in texts.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (KeyScopeText.Parse(text) is { } scope)
            {
                scopes |= scope;
            }
            else
            {
                problems.Add($"--scope must be one of {KeyScopeText.Known}");
            }
        }

        return scopes;
    }

    private static LimitConfig? ReadLimits(int? rate, int? burst, List<string> problems)
    {
        if (rate is null && burst is null)
        {
            return null;
        }

        if (rate is null or < 1 || burst is < 1)
        {
            problems.Add("--requests-per-minute and --burst must be at least 1, and --burst needs --requests-per-minute");
            return null;
        }

        return new LimitConfig(rate.Value, burst ?? Math.Max(1, rate.Value / 6));
    }

    private static DateTimeOffset? ReadExpiry(string? text, TimeProvider time, List<string> problems)
    {
        if (text is null)
        {
            return null;
        }

        if (DurationText.Parse(text) is { } duration)
        {
            return time.GetUtcNow() + duration;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
        {
            return at;
        }

        problems.Add("--expires must be a duration such as 90d, or a time such as 2027-01-31T00:00:00Z");
        return null;
    }
}
