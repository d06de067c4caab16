using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Reads what clients say a server shall be: an entry of <c>mcpServers</c> with its name, whole or as a change of the one there is.</summary>
internal static class ServerBody
{
    private static readonly string[] Besides = ["name", "workspaceId"];

    /// <summary>A new server. Faults go to the body's reading.</summary>
    public static UpstreamConfig? Read(ConfigNode body, Guid id, Guid workspaceId, GatewaySettings settings)
    {
        var name = ReadName(body);
        var upstream = UpstreamEntryReader.Read(name, body, order: 0, Besides);
        if (upstream is null)
        {
            return null;
        }

        ReachRules.Check(upstream, settings, body);
        return upstream with { Id = id, WorkspaceId = workspaceId, Source = ConfigSource.Database, Trusted = false };
    }

    /// <summary>The server that a change makes out of the present one.</summary>
    public static UpstreamConfig? Change(UpstreamConfig present, JsonElement patch, GatewaySettings settings, ConfigReading reading)
    {
        var body = new ConfigNode(MergePatch.Apply(json => WriteBase(json, present, patch), patch), "", reading);
        var name = ReadName(body);
        var next = UpstreamEntryReader.Read(name, body, present.Order, Besides);
        if (next is null)
        {
            return null;
        }

        next = next with { Id = present.Id, WorkspaceId = present.WorkspaceId, Source = ConfigSource.Database };
        if (IsReachedAlike(present, next))
        {
            return next with { Trusted = present.Trusted };
        }

        ReachRules.Check(next, settings, body);
        CheckCarriedSecrets(present, next, patch, body);
        return next with { Trusted = false };
    }

    private static string ReadName(ConfigNode body)
    {
        if (body.Element.ValueKind != JsonValueKind.Object || !body.Element.TryGetProperty("name", out var element))
        {
            body.Reading.Fault(body.MemberPath("name"), "is missing; give it a short name, which its tools' names begin with");
            return "";
        }

        var node = new ConfigNode(element, body.MemberPath("name"), body.Reading);
        var name = node.Text() ?? "";
        if (element.ValueKind == JsonValueKind.String && UpstreamRules.Key(name) is { } problem)
        {
            node.Fault(problem);
        }

        return name;
    }

    /// <summary>The present server, without what the change replaces as a whole: another way of reaching it leaves nothing of the former one.</summary>
    private static void WriteBase(Utf8JsonWriter json, UpstreamConfig present, JsonElement patch)
    {
        using var entry = JsonDocument.Parse(AdminAnswer.Write(writer => UpstreamEntryWriter.Write(writer, present)));
        string[] replaced = Gives(patch, "command") && present.Command is null ? ["url", "endpoints", "headers", "type", "loadBalancing"]
            : Gives(patch, "url") || Gives(patch, "endpoints") ? ["url", "endpoints", "command", "args", "env", "cwd"]
            : [];
        json.WriteString("name", present.Key);
        foreach (var member in entry.RootElement.EnumerateObject().Where(member => !replaced.Contains(member.Name)))
        {
            member.WriteTo(json);
        }
    }

    /// <summary>
    /// Secrets are kept for where they were meant for: who sends them elsewhere has to know them. Otherwise a change of the address would hand
    /// a stored credential to whoever may make it.
    /// </summary>
    private static void CheckCarriedSecrets(UpstreamConfig present, UpstreamConfig next, JsonElement patch, ConfigNode body)
    {
        const string Told = "give its value again (or null to remove it): the server is another one now, and stored secrets stay with the former";
        var isElsewhere = present.Command is { } before
            ? next.Command is { } after && (before.FileName != after.FileName || !before.Arguments.SequenceEqual(after.Arguments))
            : !next.Endpoints.Select(OriginOf).ToHashSet().IsSubsetOf(present.Endpoints.Select(OriginOf));
        if (!isElsewhere)
        {
            return;
        }

        var (member, names) = next.Command is { } command ? ("env", command.Environment.Keys) : ("headers", next.Headers.Keys);
        var given = patch.TryGetProperty(member, out var map) && map.ValueKind == JsonValueKind.Object
            ? map.EnumerateObject().Select(one => one.Name).ToHashSet(StringComparer.OrdinalIgnoreCase)
            : [];
        foreach (var name in names.Where(name => !given.Contains(name) && !(member == "headers" && Gives(patch, "auth") && name == "Authorization")))
        {
            body.Reading.Fault($"{body.MemberPath(member)}/{name}", Told);
        }

        if (next.Command is not null && !Gives(patch, "args"))
        {
            body.Reading.Fault(body.MemberPath("args"), Told);
        }
    }

    private static bool IsReachedAlike(UpstreamConfig one, UpstreamConfig other) =>
        one.Transport == other.Transport
        && one.Endpoints.Select(endpoint => endpoint.Url).SequenceEqual(other.Endpoints.Select(endpoint => endpoint.Url))
        && one.Command?.FileName == other.Command?.FileName
        && one.Command?.WorkingDirectory == other.Command?.WorkingDirectory
        && (one.Command?.Arguments ?? []).SequenceEqual(other.Command?.Arguments ?? [])
        && AreEqual(one.Command?.Environment, other.Command?.Environment);

    private static bool AreEqual(IReadOnlyDictionary<string, string>? one, IReadOnlyDictionary<string, string>? other) =>
        (one?.Count ?? 0) == (other?.Count ?? 0) && (one is null || one.All(pair => other!.TryGetValue(pair.Key, out var value) && value == pair.Value));

    private static string OriginOf(EndpointConfig endpoint) => endpoint.Url.GetLeftPart(UriPartial.Authority).ToUpperInvariant();

    private static bool Gives(JsonElement patch, string member) =>
        patch.ValueKind == JsonValueKind.Object && patch.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null;
}
