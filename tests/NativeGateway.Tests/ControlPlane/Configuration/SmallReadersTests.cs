using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.Tests.ControlPlane.Configuration;

public sealed class SmallReadersTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("7d", 604_800_000)]
    public void A_duration_is_a_number_and_a_unit(string text, double milliseconds) =>
        Assert.Equal(milliseconds, DurationText.Parse(text)!.Value.TotalMilliseconds);

    [Theory]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("30 s")]
    [InlineData("-1s")]
    [InlineData("1e9s")]
    [InlineData("30S")]
    [InlineData("30sec")]
    [InlineData("99999999999999d")]
    [InlineData("")]
    public void Anything_else_is_no_duration(string text) => Assert.Null(DurationText.Parse(text));

    [Theory]
    [InlineData("mcpserver", "mcpServers")]
    [InlineData("mcpServres", "mcpServers")]
    [InlineData("lisen", "listen")]
    [InlineData("httpListen", "listen")]
    [InlineData("telemetry", null)]
    public void The_name_that_was_probably_meant_is_found(string typed, string? meant) =>
        Assert.Equal(meant, NearestName.Find(typed, ["listen", "database", "mcpServers", "auth"]));

    [Theory]
    [InlineData("github", "github")]
    [InlineData("brave_search", "brave_search")]
    [InlineData("My Server", "My-Server")]
    [InlineData("@scope/pkg.name", "scope-pkg-name")]
    [InlineData("a__b", "a_b")]
    [InlineData("  spaced  ", "spaced")]
    [InlineData("trailing_", "trailing")]
    [InlineData("_leading", "leading")]
    [InlineData("天气", "server-4d9473")]
    [InlineData("a-name-that-is-much-too-long-for-any-key", "a-name-that-is-much-too-l-4d1d05")]
    public void A_free_name_becomes_the_same_valid_key_every_time(string name, string key)
    {
        Assert.Equal(key, UpstreamName.ToKey(name));
        Assert.True(ConfigRules.IsName(key));
    }
}
