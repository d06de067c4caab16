using System.Net;
using NativeGateway.DataPlane.Upstream;

namespace NativeGateway.Tests.DataPlane.Upstream;

public class ConnectGuardTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.192")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.255.255")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.7")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::7f00:1")]
    [InlineData("::8.8.8.8")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("168.63.129.16")]
    [InlineData("4000::1")]
    [InlineData("f000::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("64:ff9b:1::a00:1")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:0:53aa:64c::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:808:808::")]
    [InlineData("3fff::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("febf::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void Addresses_that_are_not_public_are_refused(string address) => Assert.True(ConnectGuard.IsRefused(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("128.0.0.1")]
    [InlineData("169.253.255.255")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.1")]
    [InlineData("192.167.255.255")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.1")]
    [InlineData("223.255.255.255")]
    [InlineData("2001:4860:4860::8888")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:82b::200e")]
    public void Public_addresses_are_not(string address) => Assert.False(ConnectGuard.IsRefused(IPAddress.Parse(address)));

    [Theory]
    [InlineData(80, false)]
    [InlineData(443, false)]
    [InlineData(1024, false)]
    [InlineData(3000, false)]
    [InlineData(8080, false)]
    [InlineData(8443, false)]
    [InlineData(1, true)]
    [InlineData(25, true)]
    [InlineData(445, true)]
    [InlineData(1023, true)]
    [InlineData(2379, true)]
    [InlineData(6379, true)]
    [InlineData(10250, true)]
    public void Ports_of_other_services_are_refused(int port, bool isRefused) => Assert.Equal(isRefused, ConnectGuard.IsRefused(port));

    [Fact]
    public async Task A_guarded_connection_asks_for_no_name_to_reach_a_port_of_another_service()
    {
        await Assert.ThrowsAsync<AddressRefusedException>(
            async () => await ConnectGuard.ResolveAsync("public.invalid", 25, isGuarded: true, CancellationToken.None));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost")]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    public async Task A_name_of_a_refused_address_is_not_connected_to(string host)
    {
        var fault = await Assert.ThrowsAsync<AddressRefusedException>(
            async () => await ConnectGuard.ConnectGuardedAsync(new DnsEndPoint(host, 80), CancellationToken.None));

        Assert.DoesNotContain("::1", fault.Message.Replace(host, "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
