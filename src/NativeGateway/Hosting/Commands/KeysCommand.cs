using System.CommandLine;
using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>keys …</c>: the credentials of callers.</summary>
internal static class KeysCommand
{
    private const string Path = "/keys";

    public static Command Build(CliContext context) => new("keys", "Create, list, renew and revoke API keys")
    {
        KeysCreateCommand.Build(context),
        ListCommand.Build(context, Path, "List the keys (never their secrets)", ["ID", "STATE", "SCOPES", "CREATED", "EXPIRES", "NAME"], Row),
        ListCommand.BuildShow(context, Path, "key", "Show what a key may do (never its secret)"),
        Change("rotate", "Give a key a new secret and print it once; the former one is refused at once")
            .Build(context, (_, answer, json) => KeyOutput.PrintIssued(context, answer, json)),
        Change("revoke", "Refuse a key from now on; this cannot be undone")
            .Build(context, (_, answer, _) => context.Out.WriteLine($"Revoked key {AdminVerbs.Text(answer, "id")} (\"{AdminVerbs.Text(answer, "name")}\").")),
    };

    private static ChangeCommand Change(string verb, string description) => new(Path, "key", verb, description, "POST", "/" + verb) { Read = KeyOutput.IdOf };

    private static string[] Row(JsonElement key) =>
    [
        AdminVerbs.Text(key, "id")!,
        AdminVerbs.Text(key, "state")!,
        AdminVerbs.Texts(key, "scopes"),
        AdminVerbs.Text(key, "createdAt") ?? "-",
        AdminVerbs.Text(key, "expiresAt") ?? "-",
        AdminVerbs.Text(key, "name")!,
    ];
}
