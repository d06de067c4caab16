using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

public class JsonTextTests
{
    [Theory]
    [InlineData("\"plain\"", "plain")]
    [InlineData("\"\"", "")]
    [InlineData("\"\\u0061\\n\\/\"", "a\n/")]
    [InlineData("\"\\ud83d\\ude00\"", "😀")]
    [InlineData("\"ä€\"", "ä€")]
    public void The_text_of_a_token_is_unescaped(string token, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(token);

        Assert.True(JsonText.TryGetText(bytes, new byte[64], out var text));
        Assert.Equal(expected, Encoding.UTF8.GetString(text));
        Assert.Equal(expected, JsonText.GetString(bytes));
    }

    [Theory]
    [InlineData("12")]
    [InlineData("null")]
    [InlineData("{\"a\":1}")]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"a\\udc00b\"")]
    [InlineData("")]
    public void What_is_no_text_has_none(string token)
    {
        var bytes = Encoding.UTF8.GetBytes(token);

        Assert.False(JsonText.TryGetText(bytes, new byte[64], out _));
        Assert.Null(JsonText.GetString(bytes));
    }

    [Fact]
    public void Only_an_escaped_text_needs_the_scratch()
    {
        Assert.True(JsonText.TryGetText("\"0123456789\""u8, [], out _));
        Assert.False(JsonText.TryGetText("\"01234\\n\""u8, new byte[6], out _));
        Assert.True(JsonText.TryGetText("\"01234\\n\""u8, new byte[7], out _));
    }

    [Theory]
    [InlineData("a\"b\\c\n\u0001ä<>&")]
    [InlineData("")]
    public void Quoting_and_reading_give_the_text_back(string text) => Assert.Equal(text, JsonText.GetString(JsonText.Quote(text)));

    [Fact]
    public void Quoting_escapes_no_more_than_it_must() => Assert.Equal("\"ä<b>'+\"", Encoding.UTF8.GetString(JsonText.Quote("ä<b>'+")));
}
