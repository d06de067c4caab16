using System.CommandLine;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary>The options that say what a key may use.</summary>
internal sealed class GlobOptions
{
    private static readonly string[] Kinds = ["server", "tool", "prompt", "resource"];

    private readonly Option<string[]>[] _allow = [.. Kinds.Select(kind => new Option<string[]>($"--allow-{kind}") { Description = $"Only {kind}s that match this pattern (repeatable)", HelpName = "GLOB" })];
    private readonly Option<string[]>[] _deny = [.. Kinds.Select(kind => new Option<string[]>($"--deny-{kind}") { Description = $"No {kind}s that match this pattern (repeatable)", HelpName = "GLOB" })];

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[.. _allow, .. _deny])
        {
            command.Add(option);
        }
    }

    public PermissionConfig Read(ParseResult parsed) => new(Rule(parsed, 0), Rule(parsed, 1), Rule(parsed, 2), Rule(parsed, 3));

    private GlobRule Rule(ParseResult parsed, int kind) => new(parsed.GetValue(_allow[kind]) ?? [], parsed.GetValue(_deny[kind]) ?? []);
}
