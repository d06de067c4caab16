namespace NativeGateway.Protocol;

/// <summary>A stretch of a message's bytes. The default value is "not present"; a present range is never empty, because a JSON token is not.</summary>
internal readonly record struct ByteRange(int Start, int Length)
{
    public bool IsPresent => Length > 0;

    public int End => Start + Length;

    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> message) => message.Slice(Start, Length);
}
