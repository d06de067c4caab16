using System.Text.Json;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>Where the scripted stdio server is, and its entry of a configuration file.</summary>
internal static class StdioUpstream
{
    public static string Script { get; } = Path.Combine(AppContext.BaseDirectory, "Upstreams", "stdio_upstream.py");

    /// <param name="more">Further members of the entry, raw, beginning with a comma.</param>
    public static string Entry(string more = "") =>
        $$"""{ "command": "/usr/bin/env", "args": ["python3", "-S", "-E", {{JsonSerializer.Serialize(Script)}}]{{more}} }""";
}
