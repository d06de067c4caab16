using NativeGateway.ControlPlane.Registry;

namespace NativeGateway.Hosting;

/// <summary>What a first start tells its operator, on stdout.</summary>
internal static class FirstSteps
{
    /// <summary>At once when the key exists, before anything else can fail: it is never shown again.</summary>
    public static void PrintKey(TextWriter output, IssuedKey administrator)
    {
        output.WriteLine("First start: created the organization and the workspace \"default\" and this administrator key.");
        output.WriteLine("It is shown this once; only a hash of it is kept.");
        output.WriteLine();
        output.WriteLine($"  {administrator.Text}");
        output.WriteLine();
    }

    /// <param name="address">As bound.</param>
    public static void PrintSnippets(TextWriter output, IssuedKey administrator, string address)
    {
        // What is bound to every address is reached here by this one.
        var url = address.Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal).Replace("//[::]:", "//127.0.0.1:", StringComparison.Ordinal) + "/mcp";
        output.WriteLine();
        output.WriteLine("To use the gateway, paste this into your MCP client's configuration:");
        output.WriteLine();
        output.WriteLine($$"""
            {
              "mcpServers": {
                "gateway": {
                  "type": "http",
                  "url": "{{url}}",
                  "headers": { "Authorization": "Bearer {{administrator.Text}}" }
                }
              }
            }
            """);
        output.WriteLine();
        output.WriteLine("or, for Claude Code, run:");
        output.WriteLine();
        output.WriteLine($"  claude mcp add --transport http gateway {url} --header \"Authorization: Bearer {administrator.Text}\"");
        output.WriteLine();
    }
}
