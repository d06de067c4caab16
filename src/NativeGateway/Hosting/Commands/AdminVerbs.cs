using System.Text.Json;
using NativeGateway.ControlPlane.Admin;

namespace NativeGateway.Hosting.Commands;

/// <summary>What verbs have in common: finding something by its id or name, and telling what became of a request.</summary>
internal static class AdminVerbs
{
    /// <summary>Everything on a list, page by page; null after a refusal, which was told.</summary>
    public static async Task<List<JsonElement>?> ListAsync(IAdminDoor door, string path, CliContext context, CancellationToken cancellationToken)
    {
        var items = new List<JsonElement>();
        var cursor = "";
        while (true)
        {
            var result = await door.SendAsync("GET", $"{path}?limit=200{cursor}", null, cancellationToken);
            if (!result.IsDone)
            {
                context.Fail(result.Problem);
                return null;
            }

            items.AddRange(result.Body.GetProperty("items").EnumerateArray());
            if (!result.Body.TryGetProperty("nextCursor", out var next))
            {
                return items;
            }

            cursor = $"&cursor={next.GetString()}";
        }
    }

    /// <summary>The one that is meant by its id or its name; null after a message.</summary>
    /// <param name="kind">What it is, and what its list's verb is called: <c>key</c>, <c>server</c>, …</param>
    public static async Task<JsonElement?> FindAsync(IAdminDoor door, string path, string kind, string which, CliContext context, CancellationToken cancellationToken)
    {
        if (await ListAsync(door, path, context, cancellationToken) is not { } items)
        {
            return null;
        }

        var found = items.FindAll(item => Text(item, "id") == which);
        if (found.Count == 0)
        {
            found = items.FindAll(item => Text(item, "name") == which || string.Equals(Text(item, "email"), which, StringComparison.OrdinalIgnoreCase));
        }

        // Where file and database have a server of one name, the file's is the one that is offered.
        if (found.Find(item => Text(item, "source") == "file") is { ValueKind: JsonValueKind.Object } own)
        {
            return own;
        }

        if (found.Count == 1)
        {
            return found[0];
        }

        context.Fail(found.Count == 0
            ? $"there is no {kind} \"{which}\"; see: native-gateway {VerbOf(path)}"
            : $"{found.Count} {kind}s have the name \"{which}\"; name one by its id: {string.Join(", ", found.Select(item => Text(item, "id")))}");
        return null;
    }

    private static string VerbOf(string path) => path switch
    {
        "/organizations" => "orgs list",
        "/members" => "users list",
        "/invitations" => "users invitations",
        _ => $"{path[1..]} list",
    };

    /// <summary>Tells a refusal, or what <paramref name="tell"/> says of the answer.</summary>
    public static int Finish(AdminResult result, CliContext context, Action<JsonElement> tell)
    {
        if (!result.IsDone)
        {
            return context.Fail(result.Problem);
        }

        tell(result.Body);
        return ExitCode.Done;
    }

    public static void Print(CliContext context, JsonElement body) => JsonOutput.Print(context.Out, body.WriteTo);

    public static ReadOnlyMemory<byte> Body(Action<Utf8JsonWriter> write) => AdminAnswer.Write(write);

    public static string? Text(JsonElement item, string member) =>
        item.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Several members that every item has, for a row of a table.</summary>
    public static string[] Cells(JsonElement item, params string[] members) => [.. members.Select(member => Text(item, member)!)];

    public static string Texts(JsonElement item, string member) =>
        item.TryGetProperty(member, out var list) && list.ValueKind == JsonValueKind.Array ? string.Join(',', list.EnumerateArray().Select(text => text.GetString())) : "";
}
