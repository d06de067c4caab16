using System.Net;
using NativeGateway.Model;

namespace NativeGateway.Tests.Model;

public class AddressSetTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.255.1.2", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [InlineData("192.0.2.6/31", "192.0.2.7", true)]
    [InlineData("0.0.0.0/0", "203.0.113.9", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    [InlineData("2001:db8::1", "2001:0db8:0:0::1", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "::ffff:11.1.2.3", false)]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1", true)]
    [InlineData("::ffff:10.0.0.0/104", "10.9.9.9", true)]
    [InlineData("fe80::/10", "fe80::1%3", true)]
    public void An_address_is_in_a_set_when_a_block_covers_it(string entry, string address, bool contained)
    {
        var set = AddressSet.TryParse([entry], out var bad);

        Assert.Null(bad);
        Assert.Equal(contained, set!.Contains(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example.com")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/ 8")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.1.0.0/8")]
    [InlineData("2001:db8::1/32")]
    [InlineData("::/129")]
    [InlineData("10")]
    [InlineData("0x7f.1")]
    [InlineData("010.0.0.1")]
    [InlineData("127.1")]
    public void What_is_neither_address_nor_block_is_named(string entry)
    {
        Assert.Null(AddressSet.TryParse(["10.0.0.1", entry], out var bad));
        Assert.Equal(entry, bad);
    }

    [Fact]
    public void A_set_of_several_blocks_covers_what_any_of_them_covers()
    {
        var set = AddressSet.TryParse(["10.0.0.0/8", "2001:db8::/32"], out _)!;

        Assert.True(set.Contains(IPAddress.Parse("10.1.1.1")));
        Assert.True(set.Contains(IPAddress.Parse("2001:db8::5")));
        Assert.False(set.Contains(IPAddress.Loopback));
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        var set = AddressSet.TryParse(["10.0.0.0/8"], out _)!;
        var address = IPAddress.Parse("::ffff:10.0.0.1");
        set.Contains(address);

        var before = GC.GetAllocatedBytesForCurrentThread();
        set.Contains(address);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
