using System.Text;
using NativeGateway.Model;

namespace NativeGateway.Tests.Model;

public class GlobSetTests
{
    [Theory]
    [InlineData("get_*", "get_user", true)]
    [InlineData("get_*", "get_", true)]
    [InlineData("get_*", "target_user", false)]
    [InlineData("*_delete", "user_delete", true)]
    [InlineData("*_delete", "user_delete_all", false)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    [InlineData("*", "", true)]
    [InlineData("**", "x", true)]
    [InlineData("", "", true)]
    [InlineData("", "x", false)]
    [InlineData("exact", "exact", true)]
    [InlineData("exact", "Exact", false)]
    [InlineData("?", "x", true)]
    [InlineData("?", "", false)]
    [InlineData("?", "xy", false)]
    [InlineData("?", "é", true)]
    [InlineData("??", "é", false)]
    [InlineData("a?c", "a€c", true)]
    [InlineData("*?", "😀", true)]
    [InlineData("*??", "😀", false)]
    [InlineData("*é", "caffé", true)]
    [InlineData("[a]", "a", false)]
    [InlineData("[a]", "[a]", true)]
    [InlineData("a.c", "abc", false)]
    public void A_glob_matches_the_whole_name(string glob, string name, bool matches) =>
        Assert.Equal(matches, new GlobSet(new GlobRule([glob], [])).Allows(Bytes(name)));

    [Fact]
    public void An_empty_allow_list_allows_everything()
    {
        Assert.True(GlobSet.Everything.Allows(Bytes("x")));
        Assert.True(new GlobSet(new GlobRule([], ["y"])).Allows(Bytes("x")));
    }

    [Fact]
    public void Deny_wins_over_allow()
    {
        var set = new GlobSet(new GlobRule(["get_*", "list_*"], ["*_secret"]));

        Assert.True(set.Allows(Bytes("get_user")));
        Assert.True(set.Allows(Bytes("list_users")));
        Assert.False(set.Allows(Bytes("get_secret")));
        Assert.False(set.Allows(Bytes("drop_users")));
    }

    [Theory]
    [InlineData("github__get_*", "github", "get_user", true)]
    [InlineData("github__get_*", "gitlab", "get_user", false)]
    [InlineData("*__get_*", "gitlab", "get_user", true)]
    [InlineData("git*__*", "gitlab", "x", true)]
    [InlineData("github__*", "github", "my__tool", true)]
    [InlineData("get_*", "anything", "get_user", true)]
    [InlineData("my__tool", "my", "tool", true)]
    [InlineData("my_server__tool", "my_server", "tool", true)]
    public void A_glob_with_a_double_underscore_sees_the_upstream(string glob, string upstream, string name, bool matches) =>
        Assert.Equal(matches, new GlobSet(new GlobRule([glob], [])).Allows(Bytes(upstream), Bytes(name)));

    [Fact]
    public void Globs_agree_with_a_plain_recursive_reading_of_them()
    {
        var random = new Random(11);
        const string letters = "ab*?";
        for (var round = 0; round < 20_000; round++)
        {
            var glob = new string(Enumerable.Range(0, random.Next(7)).Select(_ => letters[random.Next(4)]).ToArray());
            var name = new string(Enumerable.Range(0, random.Next(8)).Select(_ => letters[random.Next(2)]).ToArray());
            Assert.True(
                Plain(glob, name) == new GlobSet(new GlobRule([glob], [])).Allows(Bytes(name)),
                $"'{glob}' on '{name}'");
        }
    }

    [Fact]
    public void A_glob_of_many_stars_is_answered_at_once()
    {
        var set = new GlobSet(new GlobRule([string.Concat(Enumerable.Repeat("a*", 40)) + "b"], []));

        Assert.False(set.Allows(Bytes(new string('a', 5_000))));
    }

    private static bool Plain(ReadOnlySpan<char> glob, ReadOnlySpan<char> name)
    {
        if (glob.IsEmpty)
        {
            return name.IsEmpty;
        }

        return glob[0] == '*'
            ? Plain(glob[1..], name) || (!name.IsEmpty && Plain(glob, name[1..]))
            : !name.IsEmpty && (glob[0] == '?' || glob[0] == name[0]) && Plain(glob[1..], name[1..]);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
