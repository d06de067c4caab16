namespace NativeGateway.DataPlane.Sessions;

/// <summary>Answers to questions of upstreams, as complete messages.</summary>
internal static class QuestionText
{
    /// <summary>The client cannot be asked: it did not say that it understands the question, or no client is there.</summary>
    /// <param name="id">The raw id token of the question.</param>
    public static ReadOnlyMemory<byte> Refuse(ReadOnlySpan<byte> id)
    {
        return (byte[])[
            .. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id,
            .. ",\"error\":{\"code\":-32601,\"message\":\"The client does not support this request.\"}}"u8];
    }
}
