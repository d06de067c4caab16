using System.Text.RegularExpressions;
using NativeGateway.DataPlane.Catalog;

namespace NativeGateway.Tests.DataPlane.Catalog;

public sealed partial class ExposedNamesTests
{
    [Fact]
    public void A_name_that_fits_is_the_prefix_and_the_own_name() => Assert.Equal("github__search", Expose("github__", "search"));

    [Fact]
    public void Without_a_prefix_a_name_that_fits_stays_as_it_is() => Assert.Equal("search", Expose("", "search"));

    [Fact]
    public void A_name_of_exactly_64_characters_is_not_touched()
    {
        var own = new string('x', 64 - "github__".Length);

        Assert.Equal("github__" + own, Expose("github__", own));
    }

    [Theory]
    [InlineData("a.b", "s__a_b_65ya7xvd")]
    [InlineData("grün", "s__gr_n_xejazxca")]
    [InlineData("𝒳", "s____lqbrfbrp")]
    public void Characters_that_models_do_not_accept_become_underscores_and_the_hash_never_changes(string own, string exposed) =>
        Assert.Equal(exposed, Expose("s__", own));

    [Fact]
    public void A_longer_name_is_cut_to_64_characters()
    {
        var name = Expose("github__", new string('x', 57));

        Assert.Equal(64, name.Length);
        Assert.StartsWith("github__xxxx", name, StringComparison.Ordinal);
    }

    [Fact]
    public void Different_names_stay_different_and_all_fit()
    {
        var random = new Random(20260728);
        var alphabet = "ab._-/ äß漢".ToCharArray();
        var own = new HashSet<string>();
        for (var i = 0; i < 20_000; i++)
        {
            own.Add(new string(random.GetItems(alphabet, random.Next(1, 80))));
        }

        var exposed = own.Select(name => Expose("key__", name)).ToHashSet();

        Assert.Equal(own.Count, exposed.Count);
        Assert.All(exposed, name => Assert.Matches(Accepted(), name));
    }

    [Fact]
    public void An_empty_name_without_a_prefix_still_becomes_an_acceptable_one() => Assert.Matches(Accepted(), Expose("", ""));

    private static string Expose(string prefix, string own) => Samples.Text(ExposedNames.Expose(Samples.Bytes(prefix), Samples.Bytes(own)));

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex Accepted();
}
