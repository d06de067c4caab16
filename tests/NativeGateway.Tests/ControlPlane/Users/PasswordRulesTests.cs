using NativeGateway.ControlPlane.Users;

namespace NativeGateway.Tests.ControlPlane.Users;

public sealed class PasswordRulesTests
{
    private const string Email = "annabel@example.com";

    [Theory]
    [InlineData("twelve chars")]
    [InlineData("pässwörter sind lang")]
    public void A_long_password_is_taken_whatever_it_is_made_of(string password) => Assert.Null(PasswordRules.WhyRefused(password, Email));

    [Theory]
    [InlineData("eleven char")]
    [InlineData("abababababababab")]
    [InlineData("xxAnnabel-1234567")]
    [InlineData("annabel@example.com")]
    public void A_password_that_is_guessed_first_is_refused_without_repeating_it(string password)
    {
        var why = PasswordRules.WhyRefused(password, Email);

        Assert.NotNull(why);
        Assert.DoesNotContain(password, why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_is_no_longer_than_somebody_would_type() =>
        Assert.NotNull(PasswordRules.WhyRefused(string.Concat(Enumerable.Repeat("abcdefgh", 33)), Email));
}
