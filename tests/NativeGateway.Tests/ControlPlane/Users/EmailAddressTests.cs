using NativeGateway.ControlPlane.Users;

namespace NativeGateway.Tests.ControlPlane.Users;

public sealed class EmailAddressTests
{
    [Theory]
    [InlineData(" Ann.Lee+work@Example.COM ", "ann.lee+work@example.com")]
    [InlineData("a@localhost", "a@localhost")]
    public void An_address_is_kept_in_lower_case(string text, string expected) => Assert.Equal(expected, EmailAddress.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("ann")]
    [InlineData("@example.com")]
    [InlineData("ann@")]
    [InlineData("a@b@c")]
    [InlineData("a b@example.com")]
    [InlineData("\"a\"@example.com")]
    [InlineData(".a@example.com")]
    [InlineData("a..b@example.com")]
    [InlineData("a@exa_mple.com")]
    [InlineData("a@-example.com")]
    [InlineData("a@example..com")]
    [InlineData("a@example.com\r\nBcc: b@example.com")]
    [InlineData("а@example.com")]
    public void What_is_no_address_or_looks_like_another_one_is_refused(string text) => Assert.Null(EmailAddress.Parse(text));

    [Fact]
    public void An_address_is_no_longer_than_mail_can_carry()
    {
        Assert.NotNull(EmailAddress.Parse(new string('a', 64) + "@example.com"));
        Assert.Null(EmailAddress.Parse(new string('a', 65) + "@example.com"));
        Assert.Null(EmailAddress.Parse("a@" + string.Join('.', Enumerable.Repeat(new string('b', 60), 5))));
    }
}
