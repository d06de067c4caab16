using System.Collections.Frozen;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>The headers that every request to an endpoint carries because the configuration says so.</summary>
internal static class ConfiguredHeaders
{
    /// <summary>What the protocol itself says on a request; a configured header of that name would contradict it.</summary>
    private static readonly FrozenSet<string> OwnHeaders = new[]
    {
        "Accept", "Accept-Encoding", "Connection", "Content-Length", "Content-Type", "Last-Event-ID", "Mcp-Method", "Mcp-Name",
        "MCP-Protocol-Version", "MCP-Session-Id", "Transfer-Encoding", "Upgrade",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static KeyValuePair<string, string>[] Of(UpstreamConfig config, Uri url) =>
        [.. config.Headers.Where(header => !OwnHeaders.Contains(header.Key)), .. Defaults(config, url)];

    private static IEnumerable<KeyValuePair<string, string>> Defaults(UpstreamConfig config, Uri url)
    {
        var names = config.Headers.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!names.Contains("User-Agent"))
        {
            yield return new("User-Agent", $"NativeGateway/{HandshakeMessages.Version}");
        }

        if (url.UserInfo.Length > 0 && !names.Contains("Authorization"))
        {
            var credentials = Encoding.UTF8.GetBytes(Uri.UnescapeDataString(url.UserInfo));
            yield return new("Authorization", $"Basic {Convert.ToBase64String(credentials)}");
        }
    }
}
