using System.Net;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.Model;

namespace NativeGateway.Tests.DataPlane.Downstream;

public sealed class CallerAddressTests
{
    private static readonly AddressSet Proxies = AddressSet.TryParse(["10.0.0.0/8", "2001:db8:1::/48"], out _)!;

    [Theory]
    [InlineData("203.0.113.7", "198.51.100.1", "203.0.113.7")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "192.0.2.9, 198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "192.0.2.9, 198.51.100.1, 10.0.0.2", "198.51.100.1")]
    [InlineData("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3")]
    [InlineData("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1")]
    [InlineData("2001:db8:1::1", "2001:db8:2::7", "2001:db8:2::7")]
    [InlineData("10.0.0.1", "[2001:db8:2::7]:443", "2001:db8:2::7")]
    [InlineData("10.0.0.1", "[2001:db8:2::7]", "2001:db8:2::7")]
    [InlineData("10.0.0.1", "198.51.100.1:443", "198.51.100.1")]
    [InlineData("10.0.0.1", "198.51.100.1,,", "198.51.100.1")]
    [InlineData("10.0.0.1", "198.51.100.1, unknown", "255.255.255.255")]
    [InlineData("10.0.0.1", "198.51.100.1, _hidden", "255.255.255.255")]
    [InlineData("10.0.0.1", "3325256705", "255.255.255.255")]
    [InlineData("10.0.0.1", "198.51.100.01", "255.255.255.255")]
    [InlineData("10.0.0.1", "198.51.25601", "255.255.255.255")]
    [InlineData("10.0.0.1", "0xc6336401", "255.255.255.255")]
    public void The_caller_is_who_no_trusted_proxy_vouches_for(string peer, string forwardedFor, string caller)
    {
        Assert.Equal(IPAddress.Parse(caller), RequestHeads.CallerAddress(IPAddress.Parse(peer), forwardedFor, Proxies));
    }

    [Fact]
    public void Several_headers_are_one_list()
    {
        Assert.Equal(
            IPAddress.Parse("198.51.100.1"),
            RequestHeads.CallerAddress(IPAddress.Parse("10.0.0.1"), new(["192.0.2.9", "198.51.100.1"]), Proxies));
    }
}
