using System.Net;

namespace NativeGateway.Model;

/// <summary>A set of addresses and CIDR blocks. IPv4-mapped IPv6 addresses count as the IPv4 address they carry.</summary>
internal sealed class AddressSet
{
    public static readonly AddressSet None = new([]);

    private readonly IPNetwork[] _networks;

    private AddressSet(IPNetwork[] networks) => _networks = networks;

    /// <summary>Null with the first entry that is neither an address nor a block in <paramref name="bad"/>.</summary>
    public static AddressSet? TryParse(IReadOnlyList<string> entries, out string? bad)
    {
        var networks = new IPNetwork[entries.Count];
        for (var i = 0; i < entries.Count; i++)
        {
            if (IPAddress.TryParse(entries[i], out var address))
            {
                networks[i] = new IPNetwork(address, address.GetAddressBytes().Length * 8);
            }
            else if (!IPNetwork.TryParse(entries[i], out networks[i]))
            {
                bad = entries[i];
                return null;
            }
        }

        bad = null;
        return new AddressSet(networks);
    }

    public bool Contains(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in _networks)
        {
            if (network.Contains(plain))
            {
                return true;
            }
        }

        return false;
    }
}
