namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>JSON-RPC messages as text.</summary>
internal static class Messages
{
    public const string Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    public const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";

    public static string Initialize(string revision, string capabilities = "{}") =>
        $$$$"""{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"{{{{revision}}}}","capabilities":{{{{capabilities}}}},"clientInfo":{"name":"t","version":"1"}}}""";

    public static string Call(string tool, string id = "1") =>
        $$$$"""{"jsonrpc":"2.0","id":{{{{id}}}},"method":"tools/call","params":{"name":"{{{{tool}}}}","arguments":{}}}""";

    /// <summary>A request of revision 2026-07-28.</summary>
    public static string Modern(string method, string parameters, string id = "1", string capabilities = "{}") => $$$$"""
        {"jsonrpc":"2.0","id":{{{{id}}}},"method":"{{{{method}}}}","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
        "io.modelcontextprotocol/clientCapabilities":{{{{capabilities}}}}},{{{{parameters}}}}}}
        """;

    /// <summary>The headers that go with it.</summary>
    public static (string Name, string Value)[] Headers(string method, string? name = null) =>
        [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method), ("Mcp-Name", name ?? "")];

    public static string Log(int number) =>
        $$$"""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{{{number}}}}}""";

    public static string Result(string id, string result) => $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""";
}
