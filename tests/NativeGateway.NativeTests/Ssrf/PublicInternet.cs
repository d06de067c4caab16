using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>
/// A gateway in a small internet: public and private addresses, at all of which a server can be reached by one <see cref="Door"/>, and a name
/// service that says what a test wants.
/// </summary>
public sealed class PublicInternet : IAsyncLifetime
{
    internal const string PublicAddress = "93.184.216.34";
    internal const string PublicAddressV6 = "2606:2800:220:1::1";

    /// <summary>Addresses that lead to the door, too, and that no server of the API may be at.</summary>
    internal static readonly string[] PrivateAddresses =
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "168.63.129.16", "192.0.2.1", "198.18.0.1",
        "::1", "fd00:ec2::254", "fec0::1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    ];

    private int _servers;
    private IsolatedNetwork _network = null!;

    internal NameServer Names { get; private set; } = null!;

    internal Door Door { get; private set; } = null!;

    internal GatewayProcess Gateway { get; private set; } = null!;

    internal LegacyUpstream Upstream { get; } = new();

    public async Task InitializeAsync()
    {
        _network = IsolatedNetwork.Open([PublicAddress, PublicAddressV6, .. PrivateAddresses.Where(IsToBeAdded)], nameServer: "127.0.0.1");
        Names = new NameServer(_network.Within(() => Bind(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp), new IPEndPoint(IPAddress.Loopback, 53))));
        Door = new Door(_network.Within(() => Bind(new Socket(SocketType.Stream, ProtocolType.Tcp) { DualMode = true }, new IPEndPoint(IPAddress.IPv6Any, 0)))) { Target = Upstream.Port };
        Gateway = await _network.Within(() => GatewayProcess.StartAsync(new GatewayConfig()));
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Door.DisposeAsync();
        await Names.DisposeAsync();
        await Upstream.DisposeAsync();
        await _network.DisposeAsync();
    }

    /// <summary>One request of the administrator, from within the network.</summary>
    internal Task<Reply> SendAsync(RawRequest request) => _network.Within(() => Gateway.SendAsync(request.As(Gateway.AdminKey)));

    /// <summary>Registers a server over the API; its name, and its path there.</summary>
    /// <param name="more">Further members, raw, beginning with a comma.</param>
    internal async Task<(string Name, string Path)> AddAsync(string host, string more = "")
    {
        var name = NextName();
        var added = await SendAsync(RawRequest.Post("/api/v1/servers", $$"""{"name":"{{name}}","url":{{JsonSerializer.Serialize(UrlOf(host))}}{{more}}}"""));
        Assert.True(added.Status == 201, added.ToString());
        return (name, added["Location"]!);
    }

    /// <summary>Adds a server on the machine, which makes it trusted; its name, once it is known to the gateway.</summary>
    internal async Task<string> AddTrustedAsync(string host)
    {
        var name = NextName();
        var added = await Gateway.RunAsync("servers", "add", name, "--url", UrlOf(host));
        Assert.True(added.ExitCode == 0, added.Errors);
        await Faults.Until.Async(() => CallAsync(name), reply => reply.Status is 200 or 502);
        return name;
    }

    /// <summary>A tool call of one server.</summary>
    internal Task<Reply> CallAsync(string server) => SendAsync(RawRequest.Post($"/mcp/{server}", Rpc.Call("echo")));

    /// <summary>Nobody was ever let to a private address, not even for a look.</summary>
    internal void CheckOnlyPublicAddressesWereEntered() => Assert.All(Door.Entered, entered => Assert.Contains(entered, (string[])[PublicAddress, PublicAddressV6]));

    private static bool IsToBeAdded(string text) =>
        IPAddress.Parse(text) is var address && !IPAddress.IsLoopback(address) && !address.IsIPv4MappedToIPv6 && !address.Equals(IPAddress.Any);

    private static Socket Bind(Socket socket, IPEndPoint place)
    {
        socket.Bind(place);
        return socket;
    }

    private string NextName() => $"s{Interlocked.Increment(ref _servers)}";

    private string UrlOf(string host) => $"http://{host}:{Door.Port}/mcp";
}
