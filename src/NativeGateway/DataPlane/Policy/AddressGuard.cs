using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>Counts refused credentials per caller's address, so that guessing keys and making the gateway compute Argon2id stay expensive.</summary>
internal sealed class AddressGuard(TimeProvider clock)
{
    /// <summary>Beyond it strangers share a bucket. About 15 MB.</summary>
    public const int MaxAddresses = 100_000;

    private readonly BucketTable _buckets = new(clock, MaxAddresses);

    /// <summary>What counts as one address: an IPv4 address, or the /64 that a single IPv6 subscriber has at least.</summary>
    public static Guid PlaceOf(IPAddress address)
    {
        var bits = AddressSet.BitsOf(address);
        var isLong = address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6;
        return Unsafe.BitCast<UInt128, Guid>(isLong ? bits >> 64 << 64 : bits);
    }

    /// <summary>Takes a token; the error for the client when there is none.</summary>
    public GatewayError? Charge(LimitConfig limit, IPAddress address)
    {
        var reading = _buckets.Take(KeyOf(address), new BucketRate(limit, clock), clock.GetTimestamp());
        return reading.IsTaken ? null : LimitRefusal.Create(LimitScope.Credentials, limit, reading, clock);
    }

    public void PayBack(LimitConfig limit, IPAddress address) => _buckets.GiveBack(KeyOf(address), new BucketRate(limit, clock));

    private static BucketKey KeyOf(IPAddress address) => new(LimitScope.Credentials, "", PlaceOf(address), "");
}
