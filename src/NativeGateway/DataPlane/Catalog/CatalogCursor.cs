using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>What a cursor is bound to: it is of no use for another list, workspace or upstream, nor after the list has changed.</summary>
/// <param name="Upstream">The one upstream that is listed; <see cref="Guid.Empty"/> for the aggregate.</param>
internal readonly record struct CursorScope(Guid Workspace, Guid Upstream, CatalogKind Kind, ulong Version);

internal enum CursorFault
{
    None,

    /// <summary>Not one of ours, or not for this list.</summary>
    Invalid,

    /// <summary>The list is not the one any more in which it was a place.</summary>
    Expired,
}

/// <summary>
/// Cursors of the gateway's own lists: version and position, authenticated, as base64url. Clients take them as opaque
/// (server/utilities/pagination); the tag is there so that nobody makes one up.
/// </summary>
internal static class CatalogCursor
{
    /// <summary>Characters of every cursor.</summary>
    public const int Length = 38;

    private const int PlainBytes = sizeof(ulong) + sizeof(int);
    private const int TagBytes = 16;

    public static void Write(Span<byte> destination, ReadOnlySpan<byte> key, in CursorScope scope, int position)
    {
        Span<byte> bytes = stackalloc byte[PlainBytes + TagBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, scope.Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[sizeof(ulong)..], position);
        WriteTag(bytes[PlainBytes..], key, scope, bytes[..PlainBytes]);
        Base64Url.EncodeToUtf8(bytes, destination);
    }

    /// <param name="token">The raw JSON token that the client sent.</param>
    public static CursorFault Read(ReadOnlySpan<byte> token, ReadOnlySpan<byte> key, in CursorScope scope, out int position)
    {
        position = 0;
        Span<byte> bytes = stackalloc byte[PlainBytes + TagBytes];

        // Nothing in a cursor needs an escape, so one that has any is not worth understanding.
        if (token.Length != Length + 2 || token[0] != '"'
            || Base64Url.DecodeFromUtf8(token[1..^1], bytes, out _, out var length) != OperationStatus.Done || length != bytes.Length)
        {
            return CursorFault.Invalid;
        }

        Span<byte> tag = stackalloc byte[TagBytes];
        WriteTag(tag, key, scope, bytes[..PlainBytes]);
        if (!CryptographicOperations.FixedTimeEquals(tag, bytes[PlainBytes..]))
        {
            return CursorFault.Invalid;
        }

        position = BinaryPrimitives.ReadInt32LittleEndian(bytes[sizeof(ulong)..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes) == scope.Version ? CursorFault.None : CursorFault.Expired;
    }

    private static void WriteTag(Span<byte> tag, ReadOnlySpan<byte> key, in CursorScope scope, ReadOnlySpan<byte> plain)
    {
        Span<byte> message = stackalloc byte[16 + 16 + 1 + PlainBytes];
        scope.Workspace.TryWriteBytes(message);
        scope.Upstream.TryWriteBytes(message[16..]);
        message[32] = (byte)scope.Kind;
        plain.CopyTo(message[33..]);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, message, hash);
        hash[..TagBytes].CopyTo(tag);
    }
}
