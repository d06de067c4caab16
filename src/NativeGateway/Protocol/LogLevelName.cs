namespace NativeGateway.Protocol;

/// <summary>The levels of MCP logging, least severe first (server/utilities/logging; RFC 5424).</summary>
internal enum LogLevelName
{
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

/// <summary>Level names as they stand in messages.</summary>
internal static class LogLevelNames
{
    private static readonly byte[][] Tokens =
    [
        "\"debug\""u8.ToArray(), "\"info\""u8.ToArray(), "\"notice\""u8.ToArray(), "\"warning\""u8.ToArray(),
        "\"error\""u8.ToArray(), "\"critical\""u8.ToArray(), "\"alert\""u8.ToArray(), "\"emergency\""u8.ToArray(),
    ];

    /// <summary>The level as a raw JSON string token.</summary>
    public static ReadOnlySpan<byte> Token(LogLevelName level) => Tokens[(int)level];

    /// <summary>The level of a raw JSON string token, or null when there is no such level.</summary>
    public static LogLevelName? Find(ReadOnlySpan<byte> token)
    {
        for (var level = 0; level < Tokens.Length; level++)
        {
            if (token.SequenceEqual(Tokens[level]))
            {
                return (LogLevelName)level;
            }
        }

        return null;
    }
}
