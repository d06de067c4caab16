using System.Globalization;
using System.Text;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

/// <summary>
/// Mutated messages with a fixed seed: the reader never throws, and whatever it accepts it sees as System.Text.Json's document does,
/// a second and independent way through the same bytes.
/// </summary>
public class RpcReaderFuzzTests
{
    private const int Rounds = 60_000;

    private static readonly string[] Seeds =
    [
        """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"a":[1,2.5e3,"x\u0041"]},"_meta":{"progressToken":"t"}}}""",
        """{"jsonrpc":"2.0","id":"s\n","method":"resources/read","params":{"uri":"file:///ä/€/😀","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":""}}}""",
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":12,"reason":"no"}}""",
        """{"jsonrpc":"2.0","id":9,"result":{"tools":[{"name":"t","inputSchema":{}}],"nextCursor":null}}""",
        """{"jsonrpc":"2.0","id":9,"error":{"code":-32601,"message":"no","data":[true,false]}}""",
        """{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}""",
    ];

    private static readonly string[] Pieces =
    [
        "\"name\"", "\"na\\u006de\"", "\"NAME\"", "\"id\"", "\"method\"", "\"params\"", "\"_meta\"", "\"uri\"", "\"result\"", "\"error\"", "\"code\"",
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\u0000", "null", "true", "-0", "1.5", "1e9", "99999999999999999999", " ",
        "\n", "\t", "/**/", "\"x\":1,", ",\"x\":{}", "\"jsonrpc\":\"2.0\",", "{\"name\":\"b\"}", "\uFEFF", "ſ",
    ];

    [Fact]
    public void Mutated_messages_never_throw_and_accepted_ones_read_the_same_by_another_reader()
    {
        var random = new Random(20_260_728);
        var accepted = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = Mutate(random);
            var fault = RpcReader.Read(bytes, out var message);
            if (fault == RpcFault.None)
            {
                accepted++;
                Compare(bytes, message);
            }
        }

        // Otherwise the comparison above has proved nothing.
        Assert.InRange(accepted, Rounds / 100, Rounds);
    }

    private static byte[] Mutate(Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]).ToList();
        for (var change = random.Next(1, 5); change > 0; change--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(5))
            {
                case 0 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1 when at < bytes.Count:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                    break;
                case 2:
                    var length = Math.Min(random.Next(1, 30), bytes.Count - at);
                    bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
            }
        }

        return bytes.ToArray();
    }

    private static void Compare(byte[] bytes, in RpcMessage message)
    {
        using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = RpcReader.MaxDepth });
        var root = document.RootElement;

        Assert.Equal("2.0", root.GetProperty("jsonrpc").GetString());
        Same(bytes, message.Method, Member(root, "method"));
        Same(bytes, message.Params, Member(root, "params"));
        Same(bytes, message.Result, Member(root, "result"));
        Same(bytes, message.Error, Member(root, "error"));
        if (message.Kind != RpcKind.Error)
        {
            Same(bytes, message.Id, Member(root, "id"));
        }

        var method = Member(root, "method")?.GetString();
        Assert.Equal(method is null ? McpMethod.Unknown : McpMethods.Find(Encoding.UTF8.GetBytes(method)), message.MethodCode);
        CompareParams(bytes, message, Member(root, "params"));
        Assert.Equal(CodeOf(Member(root, "error")), message.ErrorCode);
    }

    private static void CompareParams(byte[] bytes, in RpcMessage message, JsonElement? parameters)
    {
        var reference = Member(parameters, "ref");
        Same(bytes, message.Name, Member(parameters, "name") ?? Member(reference, "name"));
        Same(bytes, message.Uri, Member(parameters, "uri") ?? Member(reference, "uri"));
        Same(bytes, message.Arguments, Member(parameters, "arguments"));
        Same(bytes, message.Cursor, Member(parameters, "cursor"));
        Same(bytes, message.RequestId, Member(parameters, "requestId"));
        Same(bytes, message.InitializeVersion, Member(parameters, "protocolVersion"));
        Same(bytes, message.InitializeCapabilities, Member(parameters, "capabilities"));
        Same(bytes, message.InitializeClientInfo, Member(parameters, "clientInfo"));
        Same(bytes, message.Meta, Member(parameters, "_meta"));
        Same(bytes, message.ProgressToken, Member(Member(parameters, "_meta"), "progressToken"));
        Same(bytes, message.MetaVersion, Member(Member(parameters, "_meta"), "io.modelcontextprotocol/protocolVersion"));
    }

    /// <summary>The member as another reader sees it, which for names spelled with escapes is found by its text as well.</summary>
    private static JsonElement? Member(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out var value) ? value : null;

    private static int CodeOf(JsonElement? error) =>
        Member(error, "code") is { ValueKind: JsonValueKind.Number } code && code.TryGetInt32(out var value) ? value : 0;

    private static void Same(byte[] bytes, ByteRange range, JsonElement? expected)
    {
        var seen = range.IsPresent ? Encoding.UTF8.GetString(range.Of(bytes)) : null;
        Assert.True(
            seen == expected?.GetRawText(),
            string.Create(CultureInfo.InvariantCulture, $"Read {seen}, expected {expected?.GetRawText()} in {Encoding.UTF8.GetString(bytes)}"));
    }
}
