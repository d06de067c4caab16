using System.Buffers;
using System.Text;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Sessions;

/// <summary>Requests on their way from one era to the other.</summary>
public sealed class RevisionBridgeTests
{
    private const string Meta =
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{},"
        + "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"g\"}";

    private const string Input = "\"inputResponses\":{},\"requestState\":\"s\"";

    private readonly RevisionBridge _bridge = new("""{"name":"g"}"""u8.ToArray());

    [Theory]
    [InlineData("", ",\"params\":{\"_meta\":{M}}", ",\"params\":{I,\"_meta\":{M}}")]
    [InlineData(",\"params\":{}", ",\"params\":{\"_meta\":{M}}", ",\"params\":{I,\"_meta\":{M}}")]
    [InlineData(",\"params\":{\"a\": 1}", ",\"params\":{\"_meta\":{M},\"a\": 1}", ",\"params\":{I,\"_meta\":{M},\"a\": 1}")]
    [InlineData(",\"params\":{\"_meta\":{}}", ",\"params\":{\"_meta\":{M}}", ",\"params\":{I,\"_meta\":{M}}")]
    [InlineData(",\"params\":{\"a\":1,\"_meta\":{\"b\":2}}", ",\"params\":{\"a\":1,\"_meta\":{M,\"b\":2}}", ",\"params\":{I,\"a\":1,\"_meta\":{M,\"b\":2}}")]
    [InlineData(",\"params\":{\"requestState\":1}", ",\"params\":{\"_meta\":{M}}", ",\"params\":{I,\"_meta\":{M}}")]
    [InlineData(",\"params\":{\"requestState\":1,\"a\":2,\"inputResponses\":3}", ",\"params\":{\"_meta\":{M},\"a\":2}", ",\"params\":{I,\"_meta\":{M},\"a\":2}")]
    public void A_legacy_request_describes_itself_to_a_modern_upstream(string parameters, string first, string repeated)
    {
        Assert.Equal(Whole(first), Edited(parameters, ProtocolRevision.V20251125, ProtocolRevision.V20260728, ""));
        Assert.Equal(Whole(repeated), Edited(parameters, ProtocolRevision.V20251125, ProtocolRevision.V20260728, Input));
    }

    [Theory]
    [InlineData("\"requestState\":\"s\",\"a\":1,\"_meta\":{M,\"x\":3}", "\"a\":1,\"_meta\":{\"x\":3}")]
    [InlineData("\"_meta\":{M},\"inputResponses\":{\"k\":{}},\"requestState\":\"s\"", "\"_meta\":{}")]
    [InlineData("\"_meta\":{\"io.modelcontextprotocol/logLevel\":\"info\",M}", "\"_meta\":{}")]
    public void A_modern_request_loses_what_only_modern_upstreams_understand(string parameters, string expected)
    {
        var edited = Edited($",\"params\":{{{parameters.Replace("M", Meta)}}}", ProtocolRevision.V20260728, ProtocolRevision.V20251125, "");
        Assert.Equal(Whole($",\"params\":{{{expected}}}"), edited);
    }

    [Theory]
    [InlineData("2025-11-25", "2025-03-26", "\"ref\":{},\"context\":{}", "\"ref\":{}")]
    [InlineData("2025-11-25", "2025-06-18", "\"ref\":{},\"context\":{}", "\"ref\":{},\"context\":{}")]
    [InlineData("2026-07-28", "2024-11-05", "\"_meta\":{M},\"context\":{},\"ref\":{},\"requestState\":\"s\"", "\"_meta\":{},\"ref\":{}")]
    public void Old_upstreams_do_not_get_the_context_of_a_completion(string client, string upstream, string parameters, string expected)
    {
        var edited = Edited(
            $",\"params\":{{{parameters.Replace("M", Meta)}}}", ProtocolRevision.Find(client)!, ProtocolRevision.Find(upstream)!, "", method: "completion/complete");
        Assert.Equal(Whole($",\"params\":{{{expected}}}").Replace("tools/call", "completion/complete"), edited);
    }

    [Fact]
    public void Every_set_of_capabilities_and_levels_is_told_apart()
    {
        var texts = new HashSet<string>();
        for (var capabilities = 0; capabilities < 64; capabilities++)
        {
            foreach (var level in Enum.GetValues<LogLevelName>().Cast<LogLevelName?>().Append(null))
            {
                var text = Edited("", ProtocolRevision.V20251125, ProtocolRevision.V20260728, "", new DeclaredClient((ClientCapabilities)capabilities, level));
                Assert.Equal(RpcFault.None, RpcReader.Read(Encoding.UTF8.GetBytes(text), out var head));
                var read = ClientCapabilityReader.Read(Encoding.UTF8.GetBytes(text), head.MetaCapabilities, ProtocolRevision.V20260728);
                Assert.Equal((ClientCapabilities)capabilities, read & (ClientCapabilities)capabilities);
                texts.Add(text);
            }
        }

        // Sampling is implied by what refines it.
        Assert.Equal(8 * 5 * 9, texts.Count);
    }

    private static string Whole(string parameters) =>
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"" + parameters.Replace("M", Meta).Replace("I,", Input + ",") + "}";

    private string Edited(string parameters, ProtocolRevision client, ProtocolRevision upstream, string input, DeclaredClient declared = default, string method = "tools/call")
    {
        var bytes = Encoding.UTF8.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\"{parameters}}}");
        Assert.Equal(RpcFault.None, RpcReader.Read(bytes, out var message));
        var editor = new MessageEditor();
        editor.Reset(bytes);
        _bridge.EditRequest(editor, message, client, upstream, default, declared, Encoding.UTF8.GetBytes(input), keepsTask: true);
        var text = new ArrayBufferWriter<byte>();
        editor.WriteTo(text);
        Assert.Equal(editor.Length, text.WrittenCount);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
