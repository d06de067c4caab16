using System.Text.Json;
using NativeGateway.DataPlane.Catalog;

namespace NativeGateway.Tests.DataPlane.Catalog;

public sealed class ResourceUrisTests
{
    [Theory]
    [InlineData("echo", "file:///x", "echo+file:///x")]
    [InlineData("echo", "svn+ssh://host/x", "echo+svn+ssh://host/x")]
    [InlineData("echo", "ui://widget/a", "ui://echo+widget/a")]
    [InlineData("echo", "ui:widget", "echo+ui:widget")]
    [InlineData("echo", "UI://widget", "echo+UI://widget")]
    [InlineData("echo", "uix://widget", "echo+uix://widget")]
    [InlineData("echo", "notes/1", "echo+:notes/1")]
    [InlineData("echo", "1:2", "echo+:1:2")]
    [InlineData("echo", "", "echo+:")]
    [InlineData("echo", ":x", "echo+::x")]
    [InlineData("echo", @"C\x:y", @"echo+:C\x:y")]
    [InlineData("echo", "file:///{path}", "echo+file:///{path}")]
    [InlineData("echo", "{scheme}://{host}", "echo+:{scheme}://{host}")]
    [InlineData("echo", "ui://{name}", "ui://echo+{name}")]
    [InlineData("GitHub", "file:///x", "g.ith.ub+file:///x")]
    [InlineData("3d", "file:///x", "x..3d+file:///x")]
    [InlineData("3D", "ui://x", "ui://x..3d.+x")]
    public void The_key_enters_the_scheme(string key, string own, string exposed)
    {
        Assert.Equal(exposed, Expose(key, own));
        Assert.Equal((key, own), Back(exposed, key));
    }

    [Theory]
    [InlineData("file:///x")]
    [InlineData("ui://widget")]
    [InlineData("ui:/x+y")]
    [InlineData("+file:///x")]
    [InlineData("notes/1")]
    [InlineData("ec ho+file:///x")]
    [InlineData("")]
    public void What_carries_no_key_is_not_taken_apart(string uri) => Assert.False(ResourceUris.TrySplit(Samples.Bytes(uri), out _));

    [Fact]
    public void A_scheme_longer_than_any_key_is_not_taken_apart() =>
        Assert.False(ResourceUris.TrySplit(Samples.Bytes(new string('a', 68) + "+file:///x"), out _));

    [Theory]
    [InlineData(@"""ui:\/\/widget""", @"""ui:\/\/echo+widget""")]
    [InlineData(@"""\u0075i://widget""", @"""\u0075i://echo+widget""")]
    [InlineData(@"""\u0066ile:\/\/\/x""", @"""echo+\u0066ile:\/\/\/x""")]
    [InlineData(@"""a\u002Fb:c""", @"""echo+:a\u002Fb:c""")]
    public void Escapes_in_a_token_are_understood_and_stay(string token, string exposed)
    {
        var prefix = new UriPrefix("echo"u8);

        Assert.Equal(exposed, Samples.Written(writer => ResourceUris.WriteExposedToken(writer, prefix, Samples.Bytes(token))));
    }

    [Theory]
    [InlineData(@"""echo\u002Bfile:///x\u0022""", @"file:///x\u0022")]
    [InlineData(@"""\u0065cho\u002B\u003Anotes""", "notes")]
    [InlineData(@"""ui:\/\/echo\u002bwidget""", "ui://widget")]
    public void A_client_may_escape_what_it_likes(string token, string own)
    {
        Assert.True(ResourceUris.TrySplitToken(Samples.Bytes(token), out var parts));

        Assert.Equal("echo", Samples.Text(parts.Scheme));
        Assert.Equal(own, Written(parts));
    }

    [Fact]
    public void Schemes_are_read_without_regard_to_case()
    {
        Assert.True(ResourceUris.TrySplit("ECHO+file:///X"u8, out var parts));

        Assert.Equal("echo", Samples.Text(parts.Scheme));
        Assert.Equal("file:///X", Samples.Text(parts.Rest));
    }

    [Fact]
    public void Keys_that_differ_at_all_have_different_schemes_that_begin_with_a_letter()
    {
        var keys = new HashSet<string>();
        foreach (var first in "aAxX3")
        {
            foreach (var second in "aA-3xX")
            {
                foreach (var third in "aA3")
                {
                    keys.UnionWith([$"{first}", $"{first}{second}", $"{first}{second}{third}"]);
                }
            }
        }

        var schemes = keys.Select(key => Samples.Text(ResourceUris.EncodeKey(Samples.Bytes(key)))).ToHashSet();

        Assert.Equal(keys.Count, schemes.Count);
        Assert.All(schemes, scheme => Assert.Matches("^[a-z][a-z0-9.-]*$", scheme));
    }

    [Fact]
    public void Any_uri_comes_back_as_text_and_as_token_and_no_two_become_one()
    {
        var random = new Random(20260728);
        var pieces = new[] { "ui", "file", "http", "s", ":", "/", "//", "+", "{", "}", "x", "Ä", "漢", "\"", "\\", "\n", "echo", ".", "-", "%2B", " " };
        var keys = new[] { "echo", "Echo", "ECHO", "3d", "3D", "x-3d", "ui", "UI", "a" };
        var exposed = new Dictionary<string, (string, string)>();
        for (var i = 0; i < 20_000; i++)
        {
            var key = keys[random.Next(keys.Length)];
            var own = string.Concat(random.GetItems(pieces, random.Next(0, 8)));
            var uri = Expose(key, own);

            Assert.Equal((key, own), Back(uri, key));
            Assert.True(exposed.TryAdd(uri, (key, own)) || exposed[uri] == (key, own), uri);
            AssertTokenComesBack(key, own, Escaped(own, random), random);
        }
    }

    private static void AssertTokenComesBack(string key, string own, string token, Random random)
    {
        var prefix = new UriPrefix(Samples.Bytes(key));
        var exposed = Samples.Written(writer => ResourceUris.WriteExposedToken(writer, prefix, Samples.Bytes(token)));
        Assert.Equal(Expose(key, own), JsonDocument.Parse(exposed).RootElement.GetString());

        var fromClient = Escaped(JsonDocument.Parse(exposed).RootElement.GetString()!, random);
        Assert.True(ResourceUris.TrySplitToken(Samples.Bytes(fromClient), out var parts), fromClient);
        Assert.Equal(Samples.Text(prefix.Scheme), Samples.Text(parts.Scheme));
        Assert.Equal(own, JsonDocument.Parse($"\"{Written(parts)}\"").RootElement.GetString());
    }

    /// <summary>A token for a text with escapes where JSON demands them and, at random, where it does not.</summary>
    private static string Escaped(string text, Random random)
    {
        return "\"" + string.Concat(text.Select(c => c switch
        {
            '"' or '\\' => $"\\{c}",
            '\n' => "\\n",
            '/' when random.Next(4) == 0 => "\\/",
            _ when random.Next(4) == 0 => $"\\u{(int)c:x4}",
            _ => $"{c}",
        })) + "\"";
    }

    private static string Written(in ExposedUri parts)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        parts.WriteOwn(buffer);
        return Samples.Text(buffer.WrittenSpan);
    }

    private static string Expose(string key, string own)
    {
        var prefix = new UriPrefix(Samples.Bytes(key));
        return Samples.Written(writer => ResourceUris.WriteExposed(writer, prefix, Samples.Bytes(own)));
    }

    private static (string Key, string Own) Back(string exposed, string key)
    {
        Assert.True(ResourceUris.TrySplit(Samples.Bytes(exposed), out var parts), exposed);
        var matches = parts.Scheme.SequenceEqual(new UriPrefix(Samples.Bytes(key)).Scheme);
        return (matches ? key : "another", Samples.Text(parts.Own(stackalloc byte[64])));
    }
}
