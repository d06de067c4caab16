using System.Text;

namespace NativeGateway.NativeTests.Wire;

/// <summary>JSON-RPC messages as text, exactly as written.</summary>
internal static class Rpc
{
    public const string Modern = "2026-07-28";

    public const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

    public const string ListTools = """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""";

    /// <param name="id">A raw JSON token.</param>
    /// <param name="arguments">A raw JSON object.</param>
    public static string Call(string tool, string arguments = "{}", string id = "1") =>
        $$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{"arguments":{{arguments}},"name":"{{tool}}"} }""";

    /// <param name="capabilities">A raw JSON object.</param>
    public static string Initialize(string version, string capabilities = "{}") =>
        $$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{version}}","capabilities":{{capabilities}},"clientInfo":{"name":"test","version":"1"} } }""";

    /// <summary>The <c>_meta</c> member that every modern request carries.</summary>
    public static string Meta(string version = Modern, string more = "") =>
        $$"""
        "_meta":{"io.modelcontextprotocol/protocolVersion":"{{version}}","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"}{{more}}}
        """;

    /// <summary>A complete modern request with its mirrored headers.</summary>
    /// <param name="members">Members of <c>params</c> besides <c>_meta</c>, raw.</param>
    /// <param name="name">The value of <c>Mcp-Name</c>, where the method has one.</param>
    public static RawRequest ModernRequest(string path, string method, string members = "", string? name = null, string id = "1", string? meta = null)
    {
        var separator = members.Length == 0 ? "" : ",";
        var body = $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{ {{members}}{{separator}}{{meta ?? Meta()}} } }""";
        var request = RawRequest.Post(path, body).With("MCP-Protocol-Version", Modern).With("Mcp-Method", method);
        return name is null ? request : request.With("Mcp-Name", name);
    }

    public static RawRequest ModernCall(string path, string tool, string arguments = "{}", string id = "1") =>
        ModernRequest(path, "tools/call", $$"""
            "name":"{{tool}}","arguments":{{arguments}}
            """.Trim(), tool, id);

    /// <summary><c>Mcp-Name</c> for a text that cannot stand in a header as it is.</summary>
    public static string Sentinel(string text) => $"=?base64?{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}?=";
}
