namespace NativeGateway.Protocol;

/// <summary>
/// A dated revision of MCP as a value with named traits. It is resolved once per exchange and once per upstream; nothing outside this file
/// compares dates or version texts.
/// </summary>
internal sealed class ProtocolRevision
{
    public static readonly ProtocolRevision V20241105 = new("2024-11-05");

    public static readonly ProtocolRevision V20250326 = new("2025-03-26") { AllowsBatches = true, HasAudio = true };

    public static readonly ProtocolRevision V20250618 = new("2025-06-18")
    {
        HasAudio = true,
        HasResourceLinks = true,
        HasCompletionContext = true,
        HasElicitation = true,
        HasVersionHeader = true,
    };

    public static readonly ProtocolRevision V20251125 = new("2025-11-25")
    {
        HasAudio = true,
        HasResourceLinks = true,
        HasCompletionContext = true,
        HasElicitation = true,
        HasUrlElicitation = true,
        HasMultiSelect = true,
        HasVersionHeader = true,
        HasPrimingEvents = true,
    };

    public static readonly ProtocolRevision V20260728 = new("2026-07-28")
    {
        IsModern = true,
        HasAudio = true,
        HasResourceLinks = true,
        HasCompletionContext = true,
        HasElicitation = true,
        HasUrlElicitation = true,
        HasMultiSelect = true,
        HasVersionHeader = true,
    };

    /// <summary>Newest revision with a handshake: the answer to a client that asks <c>initialize</c> for one we do not speak.</summary>
    public static readonly ProtocolRevision NewestLegacy = V20251125;

    public static readonly ProtocolRevision NewestModern = V20260728;

    /// <summary>What a Streamable HTTP request without any sign of its revision means (2025-11-25, basic/transports, "Protocol Version Header").</summary>
    public static readonly ProtocolRevision Assumed = V20250326;

    private static readonly ProtocolRevision[] All = [V20251125, V20260728, V20250618, V20250326, V20241105];

    private ProtocolRevision(string text)
    {
        Text = text;
        Token = System.Text.Encoding.ASCII.GetBytes($"\"{text}\"");
    }

    /// <summary>The date, as it stands in messages and headers.</summary>
    public string Text { get; }

    /// <summary>The date as a raw JSON string token.</summary>
    public ReadOnlyMemory<byte> Token { get; }

    /// <summary>Every request describes itself in <c>_meta</c>; no handshake, no sessions, no requests from the server (2026-07-28 and later).</summary>
    public bool IsModern { get; private init; }

    /// <summary>A POST body may be an array of messages (2025-03-26 only).</summary>
    public bool AllowsBatches { get; private init; }

    /// <summary>Content may be audio.</summary>
    public bool HasAudio { get; private init; }

    /// <summary>Content may be a link to a resource.</summary>
    public bool HasResourceLinks { get; private init; }

    /// <summary>A completion may take arguments into account that are filled in already.</summary>
    public bool HasCompletionContext { get; private init; }

    public bool HasElicitation { get; private init; }

    /// <summary>A user may be sent to a web page, not only be shown a form.</summary>
    public bool HasUrlElicitation { get; private init; }

    /// <summary>A field of a form may let the user choose several values.</summary>
    public bool HasMultiSelect { get; private init; }

    /// <summary>Requests name the revision in <c>MCP-Protocol-Version</c>.</summary>
    public bool HasVersionHeader { get; private init; }

    /// <summary>Streams may begin with an empty event that only carries an id.</summary>
    public bool HasPrimingEvents { get; private init; }

    /// <summary>The JSON-RPC code for a resource that does not exist: -32002 until 2025-11-25, -32602 since.</summary>
    public int ResourceNotFoundCode => IsModern ? -32602 : -32002;

    /// <summary>The revision of that exact date, or null when it is none that we speak.</summary>
    public static ProtocolRevision? Find(ReadOnlySpan<char> text)
    {
        foreach (var revision in All)
        {
            if (text.SequenceEqual(revision.Text))
            {
                return revision;
            }
        }

        return null;
    }

    /// <summary>The revision named by a raw JSON string token, or null.</summary>
    public static ProtocolRevision? FindToken(ReadOnlySpan<byte> token)
    {
        foreach (var revision in All)
        {
            if (token.SequenceEqual(revision.Token.Span))
            {
                return revision;
            }
        }

        return null;
    }

    /// <summary>
    /// True for a date at or after the first modern revision, known to us or not: such a peer must not be treated as a legacy one.
    /// False for what is no date at all, which a legacy handshake answers with a revision that we do speak.
    /// </summary>
    public static bool NamesModernEra(ReadOnlySpan<char> text) =>
        IsDate(text) && text.CompareTo(V20260728.Text, StringComparison.Ordinal) >= 0;

    public override string ToString() => Text;

    private static bool IsDate(ReadOnlySpan<char> text) =>
        text.Length == 10 && text[4] == '-' && text[7] == '-'
        && !text[..4].ContainsAnyExceptInRange('0', '9')
        && !text[5..7].ContainsAnyExceptInRange('0', '9')
        && !text[8..].ContainsAnyExceptInRange('0', '9');
}
