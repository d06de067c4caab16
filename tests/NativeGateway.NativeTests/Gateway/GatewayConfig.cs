using System.Text.Json;
using NativeGateway.NativeTests.Upstreams;

namespace NativeGateway.NativeTests.Gateway;

/// <summary>Builds a configuration file out of raw JSON parts. Without limits of its own it limits nothing.</summary>
internal sealed record GatewayConfig
{
    private const string Unlimited = "\"requestsPerMinute\": 1000000, \"burst\": 1000000";

    /// <summary>Entries of <c>mcpServers</c>: names and raw JSON objects.</summary>
    public IReadOnlyList<(string Name, string Entry)> Servers { get; init; } = [];

    /// <summary>Entries of <c>auth.keys</c>, raw.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Members of <c>limits</c>, raw.</summary>
    public string Limits { get; init; } = Unlimited;

    /// <summary>Further members of <c>limits</c>, raw, beside unlimited rates.</summary>
    public string MoreLimits
    {
        init => Limits = $"{Unlimited}, {value}";
    }

    public string ShutdownTimeout { get; init; } = "1s";

    /// <summary>Further members of the document, raw, beginning with a comma.</summary>
    public string More { get; init; } = "";

    public static string Entry(HttpUpstream upstream, string more = "") => Entry(upstream.Url, more);

    /// <param name="more">Further members of the entry, raw, beginning with a comma.</param>
    public static string Entry(string url, string more = "") => $$"""{ "url": {{JsonSerializer.Serialize(url)}}{{more}} }""";

    /// <param name="more">Further members of the entry, raw, beginning with a comma.</param>
    public static string Key(string key, string more = "") => $$"""{ "key": "{{key}}"{{more}} }""";

    public override string ToString() =>
        $$"""
        {
          // Written by a test.
          "shutdownTimeout": "{{ShutdownTimeout}}",
          "mcpServers": {
            {{string.Join(",\n    ", Servers.Select(server => $"\"{server.Name}\": {server.Entry}"))}}
          },
          "auth": { "keys": [ {{string.Join(", ", Keys)}} ] },
          "limits": { {{Limits}} }{{More}}
        }
        """;
}
