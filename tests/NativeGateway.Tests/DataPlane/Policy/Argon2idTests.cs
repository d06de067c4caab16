using NativeGateway.DataPlane.Policy;

namespace NativeGateway.Tests.DataPlane.Policy;

public class Argon2idTests
{
    [Fact]
    public void A_hash_matches_its_secret_and_no_other()
    {
        var hash = Argon2id.Hash("secret"u8);

        Assert.StartsWith("$argon2id$v=19$m=19456,t=2,p=1$", hash, StringComparison.Ordinal);
        Assert.Equal(Argon2Result.Match, Argon2id.Verify(hash, "secret"u8));
        Assert.Equal(Argon2Result.Mismatch, Argon2id.Verify(hash, "Secret"u8));
        Assert.Equal(Argon2Result.Mismatch, Argon2id.Verify(hash, ""u8));
    }

    [Fact]
    public void The_decoy_costs_as_much_as_a_hash_of_a_secret_and_matches_none()
    {
        Assert.Equal(Argon2id.Hash("x"u8).Split('$')[..4], Argon2id.Decoy.Split('$')[..4]);
        Assert.Equal(Argon2id.Hash("x"u8).Length, Argon2id.Decoy.Length);
        Assert.Equal(Argon2Result.Mismatch, Argon2id.Verify(Argon2id.Decoy, "secret"u8));
    }

    [Fact]
    public void Two_hashes_of_one_secret_differ() => Assert.NotEqual(Argon2id.Hash("x"u8), Argon2id.Hash("x"u8));

    /// <summary>From the test program of the reference implementation (test.c).</summary>
    [Theory]
    [InlineData("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", "Match")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password", "Match")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "Password", "Mismatch")]
    public void Published_hashes_are_understood_with_their_own_parameters(string hash, string secret, string expected) =>
        Assert.Equal(expected, Argon2id.Verify(hash, System.Text.Encoding.ASCII.GetBytes(secret)).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("password")]
    [InlineData("$2b$12$abcdefghijklmnopqrstuv")]
    [InlineData("$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$m=256,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=19$m=262145,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=19$m=4294967297,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=19$m=256,t=1000,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=99$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=19$m=4,t=2,p=1$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=1$$")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$not base64!")]
    [InlineData("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ")]
    public void Texts_that_are_no_hash_or_ask_too_much_are_refused_unused(string hash) =>
        Assert.Equal(Argon2Result.BadHash, Argon2id.Verify(hash, "password"u8));
}
