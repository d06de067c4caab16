using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

public class RpcReaderTests
{
    [Fact]
    public void A_method_with_an_id_is_a_request()
    {
        var (message, bytes) = Accept("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"a":[1,2]}}}""");

        Assert.Equal(RpcKind.Request, message.Kind);
        Assert.Equal(McpMethod.ToolsCall, message.MethodCode);
        Assert.Equal("7", Text(message.Id, bytes));
        Assert.Equal("\"tools/call\"", Text(message.Method, bytes));
        Assert.Equal("\"echo\"", Text(message.Name, bytes));
        Assert.Equal("""{"a":[1,2]}""", Text(message.Arguments, bytes));
        Assert.Equal("""{"name":"echo","arguments":{"a":[1,2]}}""", Text(message.Params, bytes));
    }

    [Fact]
    public void A_method_without_an_id_is_a_notification()
    {
        var (message, _) = Accept("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");

        Assert.Equal(RpcKind.Notification, message.Kind);
        Assert.Equal(McpMethod.NotifyInitialized, message.MethodCode);
        Assert.False(message.Params.IsPresent);
    }

    [Fact]
    public void A_result_and_an_error_are_responses()
    {
        var (result, resultBytes) = Accept("""{"jsonrpc":"2.0","id":"a","result":{"x":1}}""");
        Assert.Equal(RpcKind.Result, result.Kind);
        Assert.True(result.IsResponse);
        Assert.Equal("""{"x":1}""", Text(result.Result, resultBytes));

        var (error, errorBytes) = Accept("""{"jsonrpc":"2.0","id":1,"error":{"message":"no","code":-32602,"data":{"code":5}}}""");
        Assert.Equal(RpcKind.Error, error.Kind);
        Assert.Equal(-32602, error.ErrorCode);
        Assert.Equal("""{"message":"no","code":-32602,"data":{"code":5}}""", Text(error.Error, errorBytes));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("1.5")]
    public void An_error_may_come_without_a_usable_id(string id)
    {
        var (message, _) = Accept($$$"""{"jsonrpc":"2.0","id":{{{id}}},"error":{"code":-32700,"message":"x"}}""");

        Assert.Equal(RpcKind.Error, message.Kind);
        Assert.False(message.Id.IsPresent);
    }

    [Theory]
    [InlineData("\"abc\"")]
    [InlineData("\"\"")]
    [InlineData("\"\\u0061\\n\"")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("9223372036854775807")]
    [InlineData("18446744073709551616")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890")]
    public void Ids_are_kept_as_they_were_written(string id)
    {
        var (message, bytes) = Accept($$"""{"id":{{id}},"jsonrpc":"2.0","method":"ping"}""");

        Assert.Equal(RpcKind.Request, message.Kind);
        Assert.Equal(id, Text(message.Id, bytes));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("1E3")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void Other_ids_are_no_ids(string id)
    {
        Assert.Equal(RpcFault.NotRpc, Read($$"""{"jsonrpc":"2.0","id":{{id}},"method":"ping"}"""));
        Assert.Equal(RpcFault.NotRpc, Read($$$"""{"jsonrpc":"2.0","id":{{{id}}},"result":{}}"""));
    }

    [Fact]
    public void A_refused_message_still_tells_its_id()
    {
        var bytes = """{"jsonrpc":"1.0","method":"ping","id":"late"}"""u8;

        Assert.Equal(RpcFault.NotRpc, RpcReader.Read(bytes, out var message));
        Assert.Equal("\"late\"", Text(message.Id, bytes));
    }

    [Fact]
    public void An_id_behind_a_repeated_error_is_still_told()
    {
        var bytes = """{"jsonrpc":"2.0","error":{"code":1,"message":""},"error":{"code":2,"message":""},"id":3}"""u8;

        Assert.Equal(RpcFault.NotRpc, RpcReader.Read(bytes, out var message));
        Assert.Equal("3", Text(message.Id, bytes));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"jsonrpc":"2.0"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1}""")]
    [InlineData("""{"id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":2.0,"id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":5}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":{"a":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}""")]
    [InlineData("""{"jsonrpc":"2.0","result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":"no"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":null}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":1}}""")]
    [InlineData("1")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    public void Json_that_is_no_message_is_told_apart_from_garbage(string text) => Assert.Equal(RpcFault.NotRpc, Read(text));

    [Fact]
    public void A_method_spelled_with_escapes_is_refused() =>
        Assert.Equal(RpcFault.NotRpc, Read("""{"jsonrpc":"2.0","id":1,"method":"tools\/call"}"""));

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"")]
    [InlineData("{'jsonrpc':'2.0'}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"ping\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}{}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,/* no */\"method\":\"ping\"}")]
    [InlineData("\uFEFF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}")]
    [InlineData("[1")]
    [InlineData("[] x")]
    public void What_is_no_json_is_refused(string text) => Assert.Equal(RpcFault.NotJson, Read(text));

    [Theory]
    [InlineData("[]")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"ping"}]""")]
    public void An_array_is_a_batch(string text) => Assert.Equal(RpcFault.Batch, Read(text));

    [Fact]
    public void Invalid_utf8_is_refused_wherever_it_stands()
    {
        var bytes = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":"?"}}}"""u8.ToArray();
        bytes[bytes.AsSpan().IndexOf((byte)'?')] = 0xC0;

        Assert.Equal(RpcFault.NotJson, RpcReader.Read(bytes, out _));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","na\ud800me":1}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","m\ud800thod":1}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"n\ud800me":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progress\udc00oken":1}}}""")]
    [InlineData("""{"jsonrpc":"\ud800.0","id":1,"method":"ping"}""")]
    public void Half_a_surrogate_pair_in_a_member_name_is_refused_and_no_fault(string text) => Assert.NotEqual(RpcFault.None, Read(text));

    [Fact]
    public void Documents_are_read_to_the_depth_limit_and_no_deeper()
    {
        static string Nested(int depth) =>
            $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{{{new string('[', depth - 2)}}}{{{new string(']', depth - 2)}}}}}""";

        Assert.Equal(RpcFault.None, Read(Nested(RpcReader.MaxDepth)));
        Assert.Equal(RpcFault.NotJson, Read(Nested(RpcReader.MaxDepth + 1)));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"\u0069d":2,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"p\u0061rams":{"name":"x"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{},"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""},"error":{"code":1,"message":""}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":1,"code":2,"message":""}}""")]
    public void A_repeated_envelope_member_is_refused(string text) => Assert.Equal(RpcFault.NotRpc, Read(text));

    [Theory]
    [InlineData("""{"name":"a","name":"b"}""")]
    [InlineData("""{"name":"a","na\u006de":"b"}""")]
    [InlineData("""{"\u006e\u0061\u006d\u0065":"a","name":"b"}""")]
    [InlineData("""{"uri":"a:b","u\u0072i":"a:c"}""")]
    [InlineData("""{"arguments":{},"arguments":{}}""")]
    [InlineData("""{"cursor":"a","cursor":"b"}""")]
    [InlineData("""{"_meta":{},"_meta":{}}""")]
    [InlineData("""{"_meta":{},"\u005fmeta":{}}""")]
    [InlineData("""{"_meta":{"progressToken":1,"progressToken":2}}""")]
    [InlineData("""{"_meta":{"io.modelcontextprotocol/protocolVersion":"a","io.modelcontextprotocol\/protocolVersion":"b"}}""")]
    [InlineData("""{"ref":{"type":"ref/prompt","name":"a"},"name":"b"}""")]
    [InlineData("""{"ref":{"type":"ref/prompt","name":"a"},"ref":{"name":"b"}}""")]
    [InlineData("""{"ref":{"name":"a","n\u0061me":"b"}}""")]
    [InlineData("""{"protocolVersion":"2025-11-25","protocolVersion":"2025-06-18"}""")]
    [InlineData("""{"requestId":1,"requestId":2}""")]
    public void A_repeated_interpreted_parameter_is_refused(string parameters) =>
        Assert.Equal(RpcFault.NotRpc, Read($$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{parameters}}}"""));

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"PARAMS":{"name":"b"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"paramſ":{"name":"b"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","NAME":"b"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","N\u0041me":"b"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a:b","Uri":"a:c"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"name":"a"},"REF":{"name":"b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"name":"a","Name":"b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"Result":{},"result":{}}""")]
    public void A_member_that_a_case_blind_reader_would_take_for_an_interpreted_one_is_refused(string text) =>
        Assert.Equal(RpcFault.NotRpc, Read(text));

    [Fact]
    public void Members_that_the_gateway_does_not_interpret_may_repeat_and_be_anything()
    {
        var text = """{"x":1,"x":{"y":[]},"Id ":0,"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"z":1,"z":2,"arguments":{"name":1,"name":2,"NAME":3}}}""";

        var (message, _) = Accept(text);

        Assert.False(message.Name.IsPresent);
    }

    [Fact]
    public void The_parameters_of_every_kind_of_request_are_found()
    {
        var (message, bytes) = Accept("""
            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"c"},
            "cursor":"c1","uri":"file:///x","level":"info","requestId":4,"progressToken":"p","notifications":{"toolsListChanged":true},
            "_meta":{"progressToken":5,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"s":{}},
            "io.modelcontextprotocol/clientInfo":{"name":"m"},"io.modelcontextprotocol/logLevel":"debug","other":1}}}
            """);

        Assert.Equal("\"2025-11-25\"", Text(message.InitializeVersion, bytes));
        Assert.Equal("""{"roots":{}}""", Text(message.InitializeCapabilities, bytes));
        Assert.Equal("""{"name":"c"}""", Text(message.InitializeClientInfo, bytes));
        Assert.Equal("\"c1\"", Text(message.Cursor, bytes));
        Assert.Equal("\"file:///x\"", Text(message.Uri, bytes));
        Assert.Equal("\"info\"", Text(message.Level, bytes));
        Assert.Equal("4", Text(message.RequestId, bytes));
        Assert.Equal("\"p\"", Text(message.NotifiedProgressToken, bytes));
        Assert.Equal("""{"toolsListChanged":true}""", Text(message.ListenFilter, bytes));
        Assert.Equal("5", Text(message.ProgressToken, bytes));
        Assert.Equal("\"2026-07-28\"", Text(message.MetaVersion, bytes));
        Assert.Equal("""{"s":{}}""", Text(message.MetaCapabilities, bytes));
        Assert.Equal("""{"name":"m"}""", Text(message.MetaClientInfo, bytes));
        Assert.Equal("\"debug\"", Text(message.MetaLogLevel, bytes));
        Assert.StartsWith("{\"progressToken\":5", Text(message.Meta, bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void The_reference_of_a_completion_counts_as_its_name_or_uri()
    {
        var (prompt, promptBytes) = Accept("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"b"}}}""");
        Assert.Equal("\"p\"", Text(prompt.Name, promptBytes));

        var (resource, resourceBytes) = Accept("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"f:///{x}"}}}""");
        Assert.Equal("\"f:///{x}\"", Text(resource.Uri, resourceBytes));
    }

    [Fact]
    public void An_unknown_method_travels_by_its_text()
    {
        var (message, bytes) = Accept("""{"jsonrpc":"2.0","id":1,"method":"vendor/thing"}""");

        Assert.Equal(McpMethod.Unknown, message.MethodCode);
        Assert.Equal("\"vendor/thing\"", Text(message.Method, bytes));
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var bytes = """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"a":[1,2]},"_meta":{"progressToken":1}}}"""u8.ToArray();
        RpcReader.Read(bytes, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        RpcReader.Read(bytes, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static RpcFault Read(string text) => RpcReader.Read(Encoding.UTF8.GetBytes(text), out _);

    private static (RpcMessage Message, byte[] Bytes) Accept(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(RpcFault.None, RpcReader.Read(bytes, out var message));
        return (message, bytes);
    }

    private static string Text(ByteRange range, ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(range.Of(bytes));
}
