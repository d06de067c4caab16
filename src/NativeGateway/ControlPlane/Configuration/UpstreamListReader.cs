using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads <c>mcpServers</c>: entries under names of the writer's choice.</summary>
internal static class UpstreamListReader
{
    public static IReadOnlyList<UpstreamConfig> Read(ConfigNode node)
    {
        var upstreams = new List<UpstreamConfig>();
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, entry) in node.Entries() ?? [])
        {
            var key = UpstreamName.ToKey(name);
            if (key != name)
            {
                entry.Warn($"is offered as \"{key}\": a server's name consists of letters, digits, hyphens and single underscores");
            }

            if (!names.TryAdd(key, name))
            {
                entry.Fault($"would be offered as \"{key}\", like {node.MemberPath(names[key])}; rename one of the two");
            }

            if (UpstreamEntryReader.Read(key, entry, upstreams.Count) is { } upstream)
            {
                upstreams.Add(upstream);
            }
        }

        return upstreams;
    }
}
