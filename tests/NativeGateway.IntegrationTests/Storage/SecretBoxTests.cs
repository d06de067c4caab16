using System.Text;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public sealed class SecretBoxTests
{
    private readonly SecretBox _box = Samples.Secrets();

    [Theory]
    [InlineData("")]
    [InlineData("Bearer abc")]
    [InlineData("ünïcödé 🔑")]
    public void A_sealed_value_opens_in_its_place(string value)
    {
        Assert.Equal(value, _box.Open("header", "row/1", _box.Seal("header", "row/1", value)));
    }

    [Fact]
    public void A_sealed_value_shows_neither_itself_nor_that_it_was_sealed_before()
    {
        var first = _box.Seal("header", "row", "Bearer abc");
        var second = _box.Seal("header", "row", "Bearer abc");

        Assert.NotEqual(first, second);
        Assert.DoesNotContain("Bearer", Encoding.Latin1.GetString(first), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("header", "row/2")]
    [InlineData("environment", "row/1")]
    [InlineData("headerr", "ow/1")]
    public void A_sealed_value_does_not_open_in_another_place(string purpose, string place)
    {
        var sealedValue = _box.Seal("header", "row/1", "value");

        Assert.Throws<StoreConfigurationException>(() => _box.Open(purpose, place, sealedValue));
    }

    [Fact]
    public void A_sealed_value_does_not_open_when_any_of_its_bytes_was_altered()
    {
        var sealedValue = _box.Seal("header", "row", "value");
        for (var at = 0; at < sealedValue.Length; at++)
        {
            var altered = sealedValue.ToArray();
            altered[at] ^= 1;
            Assert.Throws<StoreConfigurationException>(() => _box.Open("header", "row", altered));
        }
        Assert.Throws<StoreConfigurationException>(() => _box.Open("header", "row", sealedValue.AsSpan(0, 20)));
    }

    [Fact]
    public void Another_key_is_named_together_with_what_to_do()
    {
        var sealedValue = _box.Seal("header", "row", "value");

        var fault = Assert.Throws<StoreConfigurationException>(() => Samples.Secrets(2).Open("header", "row", sealedValue));

        Assert.Contains(Convert.ToHexStringLower(Samples.Key(1).Id), fault.Message, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(Samples.Key(2).Id), fault.Message, StringComparison.Ordinal);
        Assert.Contains(EncryptionKey.EnvironmentVariable, fault.Message, StringComparison.Ordinal);
    }
}
