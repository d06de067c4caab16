using Xunit;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>What makes the other tests here mean something: the places that are refused are there and answer.</summary>
public sealed class TrustedServerTests(PublicInternet internet) : IClassFixture<PublicInternet>
{
    [Fact]
    public async Task A_server_that_an_operator_vouches_for_is_reached_at_each_private_address()
    {
        foreach (var (address, number) in PublicInternet.PrivateAddresses.Select((address, number) => (address, number)))
        {
            internet.Names.Set($"private{number}.example.com", [address]);
            var reached = await internet.CallAsync(await internet.AddTrustedAsync($"private{number}.example.com"));
            Assert.True(reached.Status == 200, $"{address}: {reached}");
        }

        Assert.Contains("127.0.0.1", internet.Door.Entered);
        Assert.Contains("169.254.169.254", internet.Door.Entered);
    }
}
