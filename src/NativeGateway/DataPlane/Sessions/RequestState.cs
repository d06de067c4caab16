using System.Buffers.Binary;
using System.Security.Cryptography;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>What the gateway finds behind a <c>requestState</c> that it handed out.</summary>
internal enum RequestStateKind : byte
{
    /// <summary>The state of a modern upstream, to be given back to it.</summary>
    OfUpstream = 1,

    /// <summary>A call that a legacy upstream is still working on; see <see cref="SuspendedCalls"/>.</summary>
    Suspended = 2,

    /// <summary>The pages that the user had to visit first; then the call is sent once more.</summary>
    SendAgain = 3,
}

/// <summary>The content of a <c>requestState</c> of the gateway's.</summary>
/// <param name="Round">How often input was asked for in this call.</param>
/// <param name="Content">The upstream's own state as a raw JSON token, the id of a suspended call, or the ids of pages.</param>
internal sealed record RequestState(RequestStateKind Kind, int Round, DateTimeOffset ExpiresAt, ReadOnlyMemory<byte> Content)
{
    private const int HeadLength = 1 + 1 + 8;

    /// <summary>As bytes to be sealed.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[HeadLength + Content.Length];
        bytes[0] = (byte)Kind;
        bytes[1] = (byte)Round;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(2), ExpiresAt.UtcTicks);
        Content.Span.CopyTo(bytes.AsSpan(HeadLength));
        return bytes;
    }

    public static RequestState FromBytes(ReadOnlyMemory<byte> bytes) => new(
        (RequestStateKind)bytes.Span[0],
        bytes.Span[1],
        new DateTimeOffset(BinaryPrimitives.ReadInt64BigEndian(bytes.Span[2..]), TimeSpan.Zero),
        bytes[HeadLength..]);
}

/// <summary>
/// What a <c>requestState</c> is good for: one caller, one upstream, one request. Sending it with anything else is like sending another state
/// (2026-07-28, basic/patterns/mrtr, "Server Requirements").
/// </summary>
internal static class RequestBinding
{
    /// <param name="name">The upstream's own name of the tool or prompt, or its own URI.</param>
    /// <param name="arguments">Raw JSON; empty when the request has none.</param>
    public static byte[] Of(
        string keyId, Guid workspaceId, Guid upstreamId, ReadOnlySpan<byte> method, ReadOnlySpan<byte> name, ReadOnlySpan<byte> arguments)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, System.Text.Encoding.UTF8.GetBytes(keyId));
        hash.AppendData(workspaceId.ToByteArray());
        hash.AppendData(upstreamId.ToByteArray());
        Append(hash, method);
        Append(hash, name);
        Append(hash, arguments.IsEmpty ? default : JsonDigest.Of(arguments));
        return hash.GetHashAndReset();
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }
}
