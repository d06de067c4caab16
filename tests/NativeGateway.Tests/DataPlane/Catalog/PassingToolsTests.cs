using System.Buffers;
using System.Text;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Catalog;

public sealed class PassingToolsTests
{
    private const string Good = """{"name" : "a", "inputSchema":{"properties":{"r":{"type":"string","x-mcp-header":"R"}}}}""";
    private const string Bad = """{"name":"b","inputSchema":{"properties":{"r":{"type":"string","x-mcp-header":""}}}}""";
    private const string BadWithEscapes = """{"name":"c","inputSchema":{"properties":{"r":{"type":"string","\u0078-mcp-header":""}}}}""";

    [Theory]
    [InlineData("[ $good , $bad ]", "[ $good ]")]
    [InlineData("[ $bad , $good ]", "[ $good ]")]
    [InlineData("[$good, $bad, $escaped,\n $good]", "[$good, $good]")]
    [InlineData("[$bad]", "[]")]
    [InlineData("[ $good , 7, {} ]", "[ $good , 7, {} ]")]
    [InlineData("{\"$\":\"x-mcp-header\"}", "{\"$\":\"x-mcp-header\"}")]
    public void Tools_that_nobody_could_call_are_taken_out_of_a_list_and_nothing_else(string tools, string expected)
    {
        Assert.Equal(Message(expected), Remove(Message(tools)));
    }

    [Fact]
    public void A_result_without_a_list_stays_as_it_is()
    {
        const string Result = """{"jsonrpc":"2.0","id":1,"result":{"note":"x-mcp-header"}}""";

        Assert.Equal(Result, Remove(Result));
    }

    private static string Message(string tools)
    {
        var filled = tools.Replace("$good", Good, StringComparison.Ordinal)
            .Replace("$bad", Bad, StringComparison.Ordinal)
            .Replace("$escaped", BadWithEscapes, StringComparison.Ordinal);
        return $$$"""{"jsonrpc":"2.0","id":1,"result":{"tools":{{{filled}}},"nextCursor":"n"}}""";
    }

    private static string Remove(string message)
    {
        var bytes = Encoding.UTF8.GetBytes(message);
        Assert.Equal(RpcFault.None, RpcReader.Read(bytes, out var read));
        var editor = new MessageEditor();
        editor.Reset(bytes);
        PassingTools.Edit(editor, read.Result, ProtocolRevision.V20260728, ProtocolRevision.V20260728);
        var written = new ArrayBufferWriter<byte>();
        editor.WriteTo(written);
        return Encoding.UTF8.GetString(written.WrittenSpan);
    }
}
