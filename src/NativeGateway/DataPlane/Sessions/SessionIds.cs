using System.Buffers.Binary;
using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>Whom a session belongs to. A session is no credential: whoever else presents its id is told that there is none.</summary>
/// <param name="KeyId">The key that opened it.</param>
/// <param name="UpstreamId">The one upstream of <c>/mcp/{server}</c>; null for the aggregate endpoint.</param>
internal readonly record struct SessionOwner(string KeyId, Guid WorkspaceId, Guid? UpstreamId)
{
    /// <summary>As bytes of which no two owners have the same.</summary>
    public byte[] ToBytes() => [.. WorkspaceId.ToByteArray(), .. (UpstreamId ?? Guid.Empty).ToByteArray(), .. Encoding.UTF8.GetBytes(KeyId)];
}

/// <summary>What <c>initialize</c> has settled for the life of a session.</summary>
/// <param name="OpenedAt">To the second.</param>
internal readonly record struct SessionTerms(ProtocolRevision Revision, ClientCapabilities Capabilities, DateTimeOffset OpenedAt);

/// <summary>
/// Session ids that carry the session's terms, sealed for its owner: any process that has the key can take the session up, after a restart or on
/// another replica. Visible ASCII and unguessable (2025-11-25, basic/transports, "Session Management").
/// </summary>
internal sealed class SessionIds(StateSeal seal, TimeProvider time)
{
    /// <summary>From <c>initialize</c> on. Bounds what an id is good for, and how long one that was given up has to be remembered.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(7);

    private const int DateLength = 10;
    private const int TermsLength = DateLength + 1 + sizeof(long);

    /// <summary>Characters of every id.</summary>
    public static int Length { get; } = StateSeal.LengthOf(TermsLength);

    public string Issue(in SessionOwner owner, in SessionTerms terms)
    {
        Span<byte> plain = stackalloc byte[TermsLength];
        Encoding.ASCII.GetBytes(terms.Revision.Text, plain);
        plain[DateLength] = (byte)terms.Capabilities;
        BinaryPrimitives.WriteInt64BigEndian(plain[(DateLength + 1)..], terms.OpenedAt.ToUnixTimeSeconds());
        return Encoding.ASCII.GetString(seal.Seal(plain, owner.ToBytes()));
    }

    /// <summary>The terms of an id that was issued to this owner and whose life is not over; null for everything else.</summary>
    public SessionTerms? Read(string id, in SessionOwner owner)
    {
        if (id.Length != Length || seal.Open(Encoding.UTF8.GetBytes(id), owner.ToBytes()) is not { } plain)
        {
            return null;
        }

        var openedAt = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(plain.AsSpan(DateLength + 1)));
        return ProtocolRevision.Find(Encoding.ASCII.GetString(plain, 0, DateLength)) is { } revision && !IsOver(openedAt)
            ? new SessionTerms(revision, (ClientCapabilities)plain[DateLength], openedAt)
            : null;
    }

    public bool IsOver(DateTimeOffset openedAt) => time.GetUtcNow() - openedAt > Life;
}
