using System.Text.Json;
using NativeGateway.NativeTests.Wire;

namespace NativeGateway.NativeTests.Stdio;

/// <summary>Messages as desktop clients write them.</summary>
internal static class Lines
{
    /// <summary>A modern request.</summary>
    /// <param name="id">A raw JSON token.</param>
    /// <param name="members">Members of <c>params</c> besides <c>_meta</c>, raw.</param>
    public static string Modern(string method, string id = "1", string members = "") =>
        $$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{ {{members}}{{(members.Length == 0 ? "" : ",")}}{{Rpc.Meta()}} } }""";

    public static string ModernCall(string tool, string arguments = "{}", string id = "1") =>
        Modern("tools/call", id, $"\"name\":\"{tool}\",\"arguments\":{arguments}");

    public static string Cancel(string id) => $$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}} } }""";

    /// <summary>The user's answer to an elicitation.</summary>
    public static string Accept(JsonElement question, string word) =>
        $$$"""{"jsonrpc":"2.0","id":{{{question.GetProperty("id").GetRawText()}}},"result":{"action":"accept","content":{"word":"{{{word}}}"} } }""";

    public static string CallWithProgress(string tool, string id) =>
        $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{},"_meta":{"progressToken":"mine"} } }""";
}
