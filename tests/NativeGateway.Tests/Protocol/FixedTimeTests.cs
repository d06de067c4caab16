using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

public sealed class FixedTimeTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(97)]
    public void One_other_bit_anywhere_makes_a_difference(int length)
    {
        var one = new byte[length];
        new Random(length).NextBytes(one);
        Assert.True(FixedTime.Equals(one, (byte[])one.Clone()));
        for (var position = 0; position < length; position++)
        {
            var other = (byte[])one.Clone();
            other[position] ^= 1;
            Assert.False(FixedTime.Equals(one, other));
        }
    }

    [Fact]
    public void Another_length_is_another_text() => Assert.False(FixedTime.Equals("key"u8, "key "u8));
}
