using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads <c>{ "allow": […], "deny": […] }</c>; a bare list is what is allowed.</summary>
internal static class GlobReader
{
    private const int LongestGlob = 256;
    private const int MostGlobs = 1000;

    public static GlobRule Read(ConfigNode node)
    {
        if (node.Element.ValueKind == JsonValueKind.Array)
        {
            return new GlobRule(ReadList(node), []);
        }

        if (node.Members("allow", "deny") is not { } members)
        {
            return GlobRule.Everything;
        }

        return new GlobRule(
            members.TryGetValue("allow", out var allow) ? ReadList(allow) : [],
            members.TryGetValue("deny", out var deny) ? ReadList(deny) : []);
    }

    private static List<string> ReadList(ConfigNode node)
    {
        var globs = node.Texts() ?? [];
        if (globs.Count > MostGlobs)
        {
            node.Fault($"must hold at most {MostGlobs} patterns");
        }

        for (var i = 0; i < globs.Count; i++)
        {
            if (globs[i].Length is 0 or > LongestGlob)
            {
                node.Reading.Fault(node.ItemPath(i), $"must be a pattern of 1 to {LongestGlob} characters, such as \"get_*\"");
            }
        }

        return globs;
    }
}
