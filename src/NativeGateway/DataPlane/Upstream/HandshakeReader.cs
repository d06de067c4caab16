using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>Reads what an upstream says of itself in the result of <c>server/discover</c> or <c>initialize</c>.</summary>
internal static class HandshakeReader
{
    private static readonly byte[] EmptyObject = "{}"u8.ToArray();

    /// <summary>Null when the result is no discovery, or names no modern revision that the gateway speaks.</summary>
    public static UpstreamPeer? ReadDiscovery(ReadOnlyMemory<byte> result)
    {
        // Dates need no escapes, so the token's bytes are enough to find one in the array.
        var versions = Find(result, "supportedVersions"u8).Span;
        if (!versions.StartsWith("["u8) || versions.IndexOf(ProtocolRevision.NewestModern.Token.Span) < 0)
        {
            return null;
        }

        var meta = JsonMembers.Find(result.Span, Whole(result), "_meta"u8);
        var serverInfo = JsonMembers.Find(result.Span, meta, MetaKeys.ServerInfo);
        return Peer(ProtocolRevision.NewestModern, result, result.Slice(serverInfo.Start, serverInfo.Length));
    }

    /// <summary>Null when the result is no initialization, or chose a revision that the gateway does not speak after a handshake.</summary>
    public static UpstreamPeer? ReadInitialization(ReadOnlyMemory<byte> result) =>
        ProtocolRevision.FindToken(Find(result, "protocolVersion"u8).Span) is { IsModern: false } revision
            ? Peer(revision, result, Find(result, "serverInfo"u8))
            : null;

    private static UpstreamPeer Peer(ProtocolRevision revision, ReadOnlyMemory<byte> result, ReadOnlyMemory<byte> serverInfo)
    {
        var capabilities = Find(result, "capabilities"u8);
        return new UpstreamPeer(
            revision,
            IsObject(capabilities) ? capabilities : EmptyObject,
            IsObject(serverInfo) ? serverInfo : default,
            JsonText.GetString(Find(result, "instructions"u8).Span));
    }

    private static ReadOnlyMemory<byte> Find(ReadOnlyMemory<byte> result, ReadOnlySpan<byte> name)
    {
        var range = JsonMembers.Find(result.Span, Whole(result), name);
        return result.Slice(range.Start, range.Length);
    }

    private static ByteRange Whole(ReadOnlyMemory<byte> result) => new(0, result.Length);

    private static bool IsObject(ReadOnlyMemory<byte> value) => value.Span.StartsWith("{"u8);
}
