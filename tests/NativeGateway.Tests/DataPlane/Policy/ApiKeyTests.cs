using System.Numerics;
using System.Text;
using NativeGateway.DataPlane.Policy;

namespace NativeGateway.Tests.DataPlane.Policy;

public class ApiKeyTests
{
    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xCBF43926u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void The_checksum_is_the_usual_crc(string text, uint expected) => Assert.Equal(expected, Crc32.Compute(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void A_new_key_has_the_documented_form_and_parses()
    {
        var created = ApiKey.Create();

        Assert.Matches("^ngw_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$", created.Text);
        Assert.True(ApiKey.TryParse(Encoding.ASCII.GetBytes(created.Text), out var key));
        Assert.Equal(created.Id, Encoding.ASCII.GetString(key.Id));
        Assert.Equal(created.Text.Substring(4, 12), created.Id);
        Assert.Equal(created.Secret, key.Secret.ToArray());
        Assert.Equal(created.Text.Substring(17, 43), Encoding.ASCII.GetString(created.Secret));
    }

    [Fact]
    public void A_key_can_be_given_a_new_secret()
    {
        var first = ApiKey.Create();
        var second = ApiKey.Create(first.Id);

        Assert.True(ApiKey.TryParse(Encoding.ASCII.GetBytes(second.Text), out var key));
        Assert.Equal(first.Id, Encoding.ASCII.GetString(key.Id));
        Assert.NotEqual(first.Secret, second.Secret);
    }

    [Fact]
    public void The_checksum_is_the_crc_of_the_rest_in_base_62()
    {
        var text = ApiKey.Create().Text;
        const string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var checksum = text[60..].Aggregate(0L, (sum, letter) => (sum * 62) + alphabet.IndexOf(letter, StringComparison.Ordinal));

        Assert.Equal(Crc32.Compute(Encoding.ASCII.GetBytes(text[..60])), checksum);
    }

    [Fact]
    public void Secrets_have_256_bits()
    {
        const string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var or = BigInteger.Zero;
        for (var i = 0; i < 200; i++)
        {
            var number = ApiKey.Create().Secret.Aggregate(
                BigInteger.Zero, (sum, letter) => (sum * 62) + alphabet.IndexOf((char)letter, StringComparison.Ordinal));
            Assert.True(number < BigInteger.One << 256);
            or |= number;
        }

        Assert.Equal((BigInteger.One << 256) - 1, or);
    }

    [Fact]
    public void No_two_keys_are_equal()
    {
        var keys = Enumerable.Range(0, 500).Select(_ => ApiKey.Create()).ToList();

        Assert.Equal(500, keys.Select(key => key.Text).Distinct().Count());
        Assert.Equal(500, keys.Select(key => key.Id).Distinct().Count());
    }

    [Fact]
    public void Any_changed_missing_or_added_character_is_noticed()
    {
        var text = Encoding.ASCII.GetBytes(ApiKey.Create().Text);
        for (var i = 0; i < text.Length; i++)
        {
            var changed = (byte[])text.Clone();
            changed[i] = changed[i] == (byte)'a' ? (byte)'b' : (byte)'a';
            Assert.False(ApiKey.TryParse(changed, out _), $"character {i} changed");
            Assert.False(ApiKey.TryParse([.. text[..i], .. text[(i + 1)..]], out _), $"character {i} missing");
            Assert.False(ApiKey.TryParse([.. text[..i], (byte)'a', .. text[i..]], out _), $"character before {i} added");
        }

        Assert.False(ApiKey.TryParse([.. text, (byte)' '], out _));
        Assert.False(ApiKey.TryParse([], out _));
    }

    [Theory]
    [InlineData('_')]
    [InlineData('-')]
    [InlineData(' ')]
    [InlineData('\0')]
    [InlineData('\u007f')]
    public void Characters_outside_the_alphabet_are_refused_even_with_a_right_checksum(char letter)
    {
        foreach (var at in new[] { 5, 30 })
        {
            var text = Encoding.ASCII.GetBytes(ApiKey.Create().Text);
            text[at] = (byte)letter;
            Assert.False(ApiKey.TryParse(PolicyFixture.WithChecksum(text), out _));
        }
    }

    [Fact]
    public void Parsing_allocates_nothing()
    {
        var text = Encoding.ASCII.GetBytes(ApiKey.Create().Text);
        Assert.True(ApiKey.TryParse(text, out _));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var parsed = ApiKey.TryParse(text, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(parsed);
    }

    [Fact]
    public void A_new_key_does_not_print_its_secret()
    {
        var created = ApiKey.Create();

        Assert.Equal($"key {created.Id}", created.ToString());
    }
}
