using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>Servers at public addresses that send the gateway into its own network.</summary>
public sealed class RedirectTests(PublicInternet internet) : IClassFixture<PublicInternet>
{
    private const string Host = "redirecting.example.com";

    private static readonly string[] Steps =
    [
        "POST server/discover", "POST initialize", "POST notifications/initialized", "GET ", "POST tools/list", "POST tools/call", "POST ping", "DELETE ",
    ];

    public static TheoryData<int, string> Redirects
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var status in (int[])[300, 301, 302, 303, 307, 308])
            {
                data.Add(status, "http://127.0.0.1:{0}/mcp");
                data.Add(status, "http://169.254.169.254:{0}/latest/meta-data/");
            }

            data.Add(307, "//127.0.0.1:{0}/mcp");
            data.Add(307, "http://[::1]:{0}/mcp");
            data.Add(307, "http://2130706433:{0}/mcp");
            data.Add(307, "http://private.example.com:{0}/mcp");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Redirects))]
    public async Task No_step_of_a_session_is_followed_elsewhere(int status, string location)
    {
        await using var upstream = new RedirectingUpstream { Status = status, Location = string.Format(null, location, internet.Door.Port) };
        PutBehindTheDoor(upstream);
        foreach (var step in Steps)
        {
            upstream.Step = step;
            var (server, path) = await internet.AddAsync(Host);
            var reply = await internet.CallAsync(server);

            Assert.True(reply.Status is 200 or 502, $"{step}: {reply}");
            Assert.True(step != "POST tools/call" || reply.Status == 502, $"{step}: {reply}");
            Assert.DoesNotContain("169.254", reply.ToString(), StringComparison.Ordinal);
            Assert.Equal(204, (await internet.SendAsync(RawRequest.Bare("DELETE", path))).Status);
        }

        Assert.Contains(upstream.Requests, request => request.Method == "tools/call");
        internet.CheckOnlyPublicAddressesWereEntered();
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/messages")]
    [InlineData("http://169.254.169.254:{0}/latest/meta-data/")]
    [InlineData("//[::1]:{0}/messages")]
    [InlineData("http://redirecting.example.com@127.0.0.1:{0}/messages")]
    [InlineData("http://private.example.com:{0}/messages")]
    public async Task A_server_of_the_older_transport_does_not_choose_where_messages_go(string location)
    {
        await using var upstream = new RedirectingUpstream
        {
            Step = RedirectingUpstream.EndpointEvent,
            Location = string.Format(null, location, internet.Door.Port),
        };
        PutBehindTheDoor(upstream);
        var (server, _) = await internet.AddAsync(Host, ",\"type\":\"sse\"");

        Assert.Equal(502, (await internet.CallAsync(server)).Status);
        Assert.Contains(upstream.Requests, request => request.HttpMethod == "GET");
        Assert.DoesNotContain(upstream.Requests, request => request.HttpMethod == "POST");
        internet.CheckOnlyPublicAddressesWereEntered();
    }

    private void PutBehindTheDoor(RedirectingUpstream upstream)
    {
        internet.Names.Set(Host, [PublicInternet.PublicAddress]);
        internet.Names.Set("private.example.com", ["127.0.0.1"]);
        internet.Door.BreakConnections();
        internet.Door.Target = upstream.Port;
    }
}
