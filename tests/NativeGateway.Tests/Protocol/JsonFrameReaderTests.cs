using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

public class JsonFrameReaderTests
{
    [Theory]
    [InlineData("{\"a\":1}")]
    [InlineData("{\"a\":{\"b\":[{},{}]}}|{\"c\":2}", "\n")]
    [InlineData("{\"a\":1}|{\"b\":2}|{\"c\":3}", "\r\n")]
    [InlineData("{\"a\":1}|{\"b\":2}", "")]
    [InlineData("{\n  \"a\": \"}{\",\n  \"b\\\"}\": \"\\\\\"\n}|{\"c\":\"\\\\\\\"{\"}", "\n\n")]
    public void Objects_are_found_wherever_the_body_is_split(string text, string separator = "\n")
    {
        var expected = text.Split('|');
        var bytes = Encoding.UTF8.GetBytes($" {string.Join(separator, expected)}\n");
        for (var split = 0; split <= bytes.Length; split++)
        {
            using var reader = new JsonFrameReader(1024, allowArray: false, bufferSize: 16);
            List<string> frames = [];

            Assert.Equal(JsonFrameKind.None, Feed(reader, bytes.AsSpan(0, split), frames));
            Assert.Equal(JsonFrameKind.None, Feed(reader, bytes.AsSpan(split), frames));

            Assert.Equal(expected, frames);
            Assert.False(reader.IsInside);
        }
    }

    [Fact]
    public void An_array_of_objects_is_taken_apart_where_batches_are_allowed()
    {
        using var reader = new JsonFrameReader(1024, allowArray: true, bufferSize: 16);
        List<string> frames = [];

        Assert.Equal(JsonFrameKind.None, Feed(reader, "[ {\"a\":[1]}, {\"b\":2} ]"u8, frames));

        Assert.Equal(["{\"a\":[1]}", "{\"b\":2}"], frames);
    }

    [Theory]
    [InlineData("[{}]")]
    [InlineData("<html>")]
    [InlineData("{}}")]
    [InlineData("1")]
    public void Anything_but_objects_is_garbage(string text)
    {
        using var reader = new JsonFrameReader(1024, allowArray: false, bufferSize: 16);

        Assert.Equal(JsonFrameKind.Garbage, Feed(reader, Encoding.UTF8.GetBytes(text), []));
    }

    [Theory]
    [InlineData(100, "None")]
    [InlineData(101, "TooLarge")]
    public void An_object_may_be_as_long_as_allowed_and_no_longer(int length, string expected)
    {
        using var reader = new JsonFrameReader(100, allowArray: false, bufferSize: 16);

        Assert.Equal(expected, Feed(reader, Encoding.UTF8.GetBytes($$"""{"a":"{{new string('x', length - 8)}}"}"""), []).ToString());
    }

    [Fact]
    public void An_object_without_an_end_is_given_up_in_time()
    {
        using var reader = new JsonFrameReader(100, allowArray: false, bufferSize: 16);

        Assert.Equal(JsonFrameKind.TooLarge, Feed(reader, Encoding.UTF8.GetBytes("{\"a\":\"" + new string('x', 300)), []));
        Assert.True(reader.IsInside);
    }

    private static JsonFrameKind Feed(JsonFrameReader reader, ReadOnlySpan<byte> bytes, List<string> frames)
    {
        while (!bytes.IsEmpty)
        {
            var target = reader.GetMemory().Span;
            var length = Math.Min(target.Length, bytes.Length);
            bytes[..length].CopyTo(target);
            reader.Advance(length);
            bytes = bytes[length..];
            JsonFrameKind kind;
            while ((kind = reader.Next(out var frame)) == JsonFrameKind.Object)
            {
                frames.Add(Encoding.UTF8.GetString(frame.Span));
            }

            if (kind != JsonFrameKind.None)
            {
                return kind;
            }
        }

        return JsonFrameKind.None;
    }
}
