namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>JSON-RPC messages as text.</summary>
internal static class Messages
{
    public const string Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    public static string Initialize(string revision, string capabilities = "{}") =>
        $$$$"""{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"{{{{revision}}}}","capabilities":{{{{capabilities}}}},"clientInfo":{"name":"t","version":"1"}}}""";

    public static string Call(string tool, string id = "1") =>
        $$$$"""{"jsonrpc":"2.0","id":{{{{id}}}},"method":"tools/call","params":{"name":"{{{{tool}}}}","arguments":{}}}""";

    public static string Log(int number) =>
        $$$"""{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{{{number}}}}}""";

    public static string Result(string id, string result) => $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""";
}
