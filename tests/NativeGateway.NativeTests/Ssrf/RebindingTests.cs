using NativeGateway.NativeTests.Pipeline;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>Names that lead servers of the API into the gateway's own network, by what the name service says of them at which moment.</summary>
public sealed class RebindingTests(PublicInternet internet) : IClassFixture<PublicInternet>
{
    [Fact]
    public async Task A_name_of_a_private_address_is_refused()
    {
        foreach (var (address, number) in PublicInternet.PrivateAddresses.Select((address, number) => (address, number)))
        {
            internet.Names.Set($"private{number}.example.com", [address]);
            await CheckRefusedAsync((await internet.AddAsync($"private{number}.example.com")).Name);
        }

        internet.CheckOnlyPublicAddressesWereEntered();
    }

    [Theory]
    [InlineData(PublicInternet.PublicAddress, "127.0.0.1")]
    [InlineData("169.254.169.254", PublicInternet.PublicAddress)]
    [InlineData(PublicInternet.PublicAddress, "::1")]
    [InlineData(PublicInternet.PublicAddressV6, "10.0.0.1")]
    [InlineData(PublicInternet.PublicAddressV6, "fd00:ec2::254")]
    [InlineData(PublicInternet.PublicAddress, "::ffff:127.0.0.1")]
    public async Task One_private_address_among_public_ones_is_enough_to_refuse_the_name(string first, string second)
    {
        internet.Names.Set("mixed.example.com", [first, second]);

        await CheckRefusedAsync((await internet.AddAsync("mixed.example.com")).Name);

        internet.CheckOnlyPublicAddressesWereEntered();
    }

    [Theory]
    [InlineData(PublicInternet.PublicAddress)]
    [InlineData(PublicInternet.PublicAddressV6)]
    public async Task A_name_that_moves_into_the_private_network_after_it_was_used_is_not_followed(string address)
    {
        internet.Names.Set("moving.example.com", [address]);
        var (server, _) = await internet.AddAsync("moving.example.com");
        Assert.Equal(200, (await internet.CallAsync(server)).Status);

        internet.Names.Set("moving.example.com", ["127.0.0.1"]);
        internet.Door.BreakConnections();

        await Faults.Until.Async(() => internet.CallAsync(server), reply => reply.Status == 502);
        await CheckRefusedAsync(server);
        internet.CheckOnlyPublicAddressesWereEntered();
    }

    /// <summary>Who asks once more after the check is told another address.</summary>
    [Fact]
    public async Task A_name_whose_answer_changes_with_each_question_leads_to_public_addresses_only()
    {
        const string Host = "turning.example.com";
        internet.Names.Set(Host, [PublicInternet.PublicAddress], ["127.0.0.1"], [PublicInternet.PublicAddress], [PublicInternet.PublicAddress], ["169.254.169.254"]);
        var statuses = new HashSet<int>();
        for (var i = 0; i < 20; i++)
        {
            statuses.Add((await internet.CallAsync((await internet.AddAsync(Host)).Name)).Status);
            internet.Door.BreakConnections();
        }

        Assert.Equal([200, 502], statuses.Order());
        Assert.InRange(internet.Names.Asked(Host), 20, int.MaxValue);
        internet.CheckOnlyPublicAddressesWereEntered();
    }

    [Fact]
    public async Task A_webhook_is_held_to_the_same()
    {
        internet.Names.Set("hook.example.com", ["127.0.0.1"], [PublicInternet.PublicAddress, "10.0.0.1"]);
        var created = await internet.SendAsync(
            RawRequest.Post("/api/v1/webhooks", $$"""{"name":"hook","url":"https://hook.example.com:{{internet.Door.Port}}/","events":["webhook.disabled"]}"""));
        Assert.True(created.Status == 201, created.ToString());
        var path = $"/api/v1/webhooks/{created.Json.GetProperty("id").GetString()}";
        Assert.Equal(204, (await internet.SendAsync(RawRequest.Bare("POST", path + "/test"))).Status);

        var tried = await Faults.Until.Async(
            () => internet.SendAsync(RawRequest.Bare("GET", path + "/deliveries")), reply => reply.Text.Contains("\"failure\"", StringComparison.Ordinal));

        Assert.Contains("private_address", tried.Text, StringComparison.Ordinal);
        internet.CheckOnlyPublicAddressesWereEntered();
    }

    private async Task CheckRefusedAsync(string server)
    {
        var refused = await internet.CallAsync(server);
        Refusal.Check(refused, 502, -32013, [.. PublicInternet.PrivateAddresses.Where(address => address.Length > 7), "example.com"]);
    }
}
