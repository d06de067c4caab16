using System.Buffers;
using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

/// <summary>How a trace goes on where there are no headers.</summary>
public sealed class TraceContextTests
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Theory]
    [InlineData("""{"id":1,"method":"ping","jsonrpc":"2.0"}""", """{"id":1,"method":"ping","jsonrpc":"2.0","params":{"_meta":{TRACE}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{ }}""", """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{TRACE} }}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1.0}}""", """{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{TRACE},"a":1.0}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{}}}""", """{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{TRACE}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"x":{"traceparent":1}}}}""", """{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{TRACE,"x":{"traceparent":1}}}}""")]
    public void The_headers_of_a_request_go_into_its_meta(string request, string expected)
    {
        var trace = $"\"traceparent\":\"{Parent}\",\"tracestate\":\"a=\\\"b\\\"\"";

        Assert.Equal(expected.Replace("TRACE", trace, StringComparison.Ordinal), Added(request, "a=\"b\""));
    }

    [Fact]
    public void What_the_client_wrote_itself_stays_as_it_is()
    {
        const string Request = """{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"tracestate":"x","traceparent":"mine"}}}""";

        Assert.Equal(Request, Added(Request, "a=b"));
    }

    [Fact]
    public void A_trace_without_state_says_nothing_of_one() =>
        Assert.DoesNotContain("tracestate", Added("""{"jsonrpc":"2.0","id":1,"method":"m"}""", null), StringComparison.Ordinal);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00-zz")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319cab7ad6b71692033331-01")]
    public void What_is_no_trace_goes_nowhere(string? parent) => Assert.Null(TraceContext.Read(parent, "a=b"));

    [Fact]
    public void A_state_that_nobody_has_to_carry_is_left_behind() => Assert.Null(TraceContext.Read(Parent, new string('x', 513))!.Value.State);

    private static string Added(string request, string? state)
    {
        var editor = new MessageEditor();
        editor.Reset(Encoding.UTF8.GetBytes(request));
        var text = new ArrayBufferWriter<byte>();
        TraceContext.Read(Parent, state)!.Value.AddTo(editor).WriteTo(text);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
