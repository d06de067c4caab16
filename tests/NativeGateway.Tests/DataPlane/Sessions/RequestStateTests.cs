using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Sessions;

public sealed class RequestStateTests
{
    [Fact]
    public void A_state_says_after_its_travel_what_it_said_before()
    {
        var state = new RequestState(RequestStateKind.SendAgain, 16, new DateTimeOffset(2026, 7, 28, 1, 2, 3, TimeSpan.Zero), "inner"u8.ToArray());
        var read = RequestState.FromBytes(state.ToBytes());

        Assert.Equal(state with { Content = default }, read with { Content = default });
        Assert.Equal("inner"u8, read.Content.Span);
    }

    [Fact]
    public void Every_part_of_a_request_binds()
    {
        var (one, two) = (Guid.NewGuid(), Guid.NewGuid());
        byte[][] bindings =
        [
            RequestBinding.Of("key", one, two, "m"u8, "name"u8, "{}"u8),
            RequestBinding.Of("kez", one, two, "m"u8, "name"u8, "{}"u8),
            RequestBinding.Of("key", two, two, "m"u8, "name"u8, "{}"u8),
            RequestBinding.Of("key", one, one, "m"u8, "name"u8, "{}"u8),
            RequestBinding.Of("key", one, two, "n"u8, "name"u8, "{}"u8),
            RequestBinding.Of("key", one, two, "mn"u8, "ame"u8, "{}"u8),
            RequestBinding.Of("key", one, two, "m"u8, "name"u8, default),
            RequestBinding.Of("key", one, two, "m"u8, "name"u8, """{"a":1}"""u8),
        ];

        Assert.Equal(bindings.Length, bindings.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(bindings[0], RequestBinding.Of("key", one, two, "m"u8, "name"u8, " { } "u8));
    }

    [Theory]
    [InlineData("""{"a":1,"b":[true,null]}""", """ { "b" : [ true , null ] , "a" : 1 } """)]
    [InlineData("\"\u00e4/\"", "\"\\u00e4\\/\"")]
    [InlineData("""{"\u0061":{}}""", """{"a":{}}""")]
    public void Two_spellings_of_one_value_have_one_digest(string one, string other) => Assert.Equal(Digest(one), Digest(other));

    [Theory]
    [InlineData("1", "1.0")]
    [InlineData("1", "\"1\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("[1,2]", "[2,1]")]
    [InlineData("[[1],2]", "[[1,2]]")]
    [InlineData("[]", "{}")]
    [InlineData("{}", """{"a":null}""")]
    [InlineData("""{"a":"b"}""", """{"b":"a"}""")]
    [InlineData("""{"a":1}""", """{"a":1,"a":1}""")]
    [InlineData("\"\\ud800\"", "\"\\ud801\"")]
    public void Different_values_have_different_digests(string one, string other) => Assert.NotEqual(Digest(one), Digest(other));

    private static byte[] Digest(string json) => JsonDigest.Of(System.Text.Encoding.UTF8.GetBytes(json));
}
