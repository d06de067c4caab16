using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// What ties entries together. An entry's hash is SHA-256 over, in this order: the hash before it (32 bytes, zeros for the first of all); as 64-bit
/// big-endian numbers its sequence, its time and the time until which it counts in microseconds since 1970 (0 for none), and its count; then as
/// UTF-8 behind its length in bytes (32-bit big-endian, -1 for none) organization, kind of actor, actor, address, action, type of resource,
/// resource, fields with commas between them, outcome and request id.
/// </summary>
internal static class AuditChain
{
    public static readonly ReadOnlyMemory<byte> Beginning = new byte[SHA256.HashSizeInBytes];

    public static byte[] Hash(ReadOnlySpan<byte> before, long sequence, AuditEntry entry)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        bytes.Write(before);
        Write(bytes, sequence);
        Write(bytes, Micros(entry.At));
        Write(bytes, entry.Until is { } until ? Micros(until) : 0);
        Write(bytes, entry.Count);
        string?[] texts =
        [
            entry.OrganizationId?.ToString(), entry.Actor.Kind, entry.Actor.Id, entry.Actor.Address, entry.Action, entry.ResourceType,
            entry.ResourceId, string.Join(',', entry.Fields), entry.Outcome, entry.RequestId,
        ];
        foreach (var text in texts)
        {
            Write(bytes, text);
        }

        return SHA256.HashData(bytes.WrittenSpan);
    }

    public static long Micros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static void Write(ArrayBufferWriter<byte> bytes, long number)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes.GetSpan(sizeof(long)), number);
        bytes.Advance(sizeof(long));
    }

    private static void Write(ArrayBufferWriter<byte> bytes, string? text)
    {
        BinaryPrimitives.WriteInt32BigEndian(bytes.GetSpan(sizeof(int)), text is null ? -1 : Encoding.UTF8.GetByteCount(text));
        bytes.Advance(sizeof(int));
        Encoding.UTF8.GetBytes(text, bytes);
    }
}

/// <summary>
/// Where the chain begins and ends: the entry before the oldest that is kept, and the newest. Kept sealed, so that who can only write to the
/// database cannot shorten the chain or begin it anew.
/// </summary>
internal readonly record struct AuditEnds(long Anchor, string AnchorHash, long Last, string LastHash)
{
    public static readonly AuditEnds Empty = new(0, Convert.ToHexStringLower(AuditChain.Beginning.Span), 0, Convert.ToHexStringLower(AuditChain.Beginning.Span));

    public override string ToString() => $"{Anchor} {AnchorHash} {Last} {LastHash}";

    /// <exception cref="FormatException"/>
    public static AuditEnds Parse(string text)
    {
        var parts = text.Split(' ');
        return new AuditEnds(
            long.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), parts[1],
            long.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture), parts[3]);
    }
}
