using NativeGateway.ControlPlane.Configuration;

namespace NativeGateway.Tests.ControlPlane.Configuration;

public sealed class VariableExpanderTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("${NAME}", "value")]
    [InlineData("a${NAME}b${NAME}c", "avaluebvaluec")]
    [InlineData("${NAME:-other}", "value")]
    [InlineData("${MISSING:-other}", "other")]
    [InlineData("${MISSING:-}", "")]
    [InlineData("${EMPTY:-other}", "other")]
    [InlineData("${EMPTY}", "")]
    [InlineData("${env:NAME}", "value")]
    [InlineData("$${NAME}", "${NAME}")]
    [InlineData("cost: $5 {x}", "cost: $5 {x}")]
    [InlineData("${MISSING:-http://a:1/b}", "http://a:1/b")]
    public void Variables_are_put_in(string text, string expanded)
    {
        Assert.Equal(expanded, Expand(text, out var problem));
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("${MISSING}", "MISSING is not set")]
    [InlineData("${NAME", "not closed")]
    [InlineData("${}", "no name")]
    [InlineData("${9LIVES}", "no name")]
    [InlineData("${input:token}", "no name")]
    public void What_cannot_be_expanded_says_why(string text, string reason)
    {
        Assert.Null(Expand(text, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_is_not_expanded_again() => Assert.Equal("${NAME}", VariableExpander.Expand("${A}", _ => "${NAME}", out _));

    private static string? Expand(string text, out string? problem) =>
        VariableExpander.Expand(text, name => name switch { "NAME" => "value", "EMPTY" => "", _ => null }, out problem);
}
