using System.Buffers;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>Where the key goes into a URI, and in which form. Exposing a URI is always one insertion; nothing of it is rewritten.</summary>
/// <param name="Offset">Into the text, or into the raw token when one was looked at.</param>
/// <param name="IsRelative">The URI has no scheme of its own: <c>key+:</c> is inserted instead of <c>key+</c>.</param>
internal readonly record struct UriInsertion(int Offset, bool IsRelative);

/// <summary>What is inserted into the URIs of one upstream.</summary>
internal sealed class UriPrefix
{
    private readonly byte[] _bytes;

    public UriPrefix(ReadOnlySpan<byte> upstreamKey)
    {
        var scheme = ResourceUris.EncodeKey(upstreamKey);
        _bytes = [.. scheme, (byte)'+', (byte)':'];
        Scheme = scheme;
    }

    /// <summary>The key as part of a scheme; unique per key, also for peers that lower-case schemes.</summary>
    public byte[] Scheme { get; }

    public ReadOnlyMemory<byte> Text(bool isRelative) => isRelative ? _bytes : _bytes.AsMemory(0, _bytes.Length - 1);
}

/// <summary>
/// Puts the key of an upstream into its resource URIs and takes it out again. Stateless, reversible and injective, so that URIs which were
/// never listed (expanded templates, links in results) find their way back:
/// <list type="bullet">
/// <item><c>file:///x</c> → <c>key+file:///x</c>: the key becomes part of the scheme (RFC 3986, 3.1).</item>
/// <item><c>ui://widget</c> → <c>ui://key+widget</c>: hosts know MCP Apps by this scheme. Only the exact lower-case form counts.</item>
/// <item><c>notes/1</c> or <c>{any}/1</c>, without a scheme → <c>key+:notes/1</c>: the key alone is the scheme then.</item>
/// </list>
/// Schemes are case-insensitive and begin with a letter. So a capital letter of a key is written as the small one and a dot
/// (<c>GitHub</c> → <c>g.ith.ub</c>), a key that begins with a digit gets <c>x..</c> in front (<c>3d</c> → <c>x..3d</c>); dots never stand in keys.
/// URIs are bytes here: <see cref="Uri"/> would normalize them. Templates are treated alike, because the key only ever enters their literal part.
/// </summary>
internal static class ResourceUris
{
    /// <summary>The longest encoded key: 32 capitals.</summary>
    public const int MaxScheme = 64 + 3;

    public static byte[] EncodeKey(ReadOnlySpan<byte> key)
    {
        var encoded = new List<byte>(key.Length + 8);
        if (!key.IsEmpty && char.IsAsciiDigit((char)key[0]))
        {
            encoded.AddRange("x.."u8);
        }

        foreach (var letter in key)
        {
            encoded.Add(ToLower(letter));
            if (char.IsAsciiLetterUpper((char)letter))
            {
                encoded.Add((byte)'.');
            }
        }

        return [.. encoded];
    }

    /// <summary>Where the key goes into a URI that stands there as plain text.</summary>
    public static UriInsertion Locate(ReadOnlySpan<byte> text) => Locate(new UriCursor(text, isEscaped: false));

    /// <summary>Where the key goes into a raw JSON string token; escapes in it are understood and stay.</summary>
    public static UriInsertion LocateInToken(ReadOnlySpan<byte> token)
    {
        var insertion = LocateEscaped(token[1..^1]);
        return insertion with { Offset = insertion.Offset + 1 };
    }

    /// <summary>The same for a token without its quotes.</summary>
    public static UriInsertion LocateEscaped(ReadOnlySpan<byte> inner) => Locate(new UriCursor(inner, isEscaped: true));

    public static void WriteExposed(IBufferWriter<byte> writer, UriPrefix prefix, ReadOnlySpan<byte> text) =>
        Write(writer, prefix, text, Locate(text));

    public static void WriteExposedToken(IBufferWriter<byte> writer, UriPrefix prefix, ReadOnlySpan<byte> token) =>
        Write(writer, prefix, token, LocateInToken(token));

    /// <summary>Splits an exposed URI in plain text; false when it cannot be one.</summary>
    public static bool TrySplit(ReadOnlySpan<byte> text, out ExposedUri parts) => TrySplit(new UriCursor(text, isEscaped: false), out parts);

    /// <summary>Splits the raw token of an exposed URI. Clients may escape what they like: .NET's default encoder writes <c>+</c> as <c>\u002B</c>.</summary>
    public static bool TrySplitToken(ReadOnlySpan<byte> token, out ExposedUri parts)
    {
        parts = default;
        return token.Length >= 2 && token[0] == '"' && TrySplit(new UriCursor(token[1..^1], isEscaped: true), out parts);
    }

    private static UriInsertion Locate(UriCursor cursor)
    {
        var first = cursor.Next();
        if (first < 0 || !char.IsAsciiLetter((char)first))
        {
            return new UriInsertion(0, IsRelative: true);
        }

        var (length, second, next) = (1, 0, cursor.Next());
        while (IsSchemeCharacter(next))
        {
            second = length++ == 1 ? next : second;
            next = cursor.Next();
        }

        if (next != ':')
        {
            return new UriInsertion(0, IsRelative: true);
        }

        var isUi = length == 2 && first == 'u' && second == 'i' && cursor.Next() == '/' && cursor.Next() == '/';
        return new UriInsertion(isUi ? cursor.Position : 0, IsRelative: false);
    }

    private static bool TrySplit(UriCursor cursor, out ExposedUri parts)
    {
        parts = default;
        Span<byte> key = stackalloc byte[MaxScheme];
        var end = ReadKey(ref cursor, key, out var length);
        var isUi = end == ':' && key[..length].SequenceEqual("ui"u8) && cursor.Next() == '/' && cursor.Next() == '/';
        if (isUi)
        {
            end = ReadKey(ref cursor, key, out length);
        }

        if (end != '+' || length == 0)
        {
            return false;
        }

        var afterKey = cursor;
        var isRelative = !isUi && cursor.Next() == ':';
        parts = new ExposedUri((isRelative ? cursor : afterKey).Remaining, isUi, key[..length]);
        return true;
    }

    /// <summary>Reads up to the first character that is not part of an encoded key, and returns that.</summary>
    private static int ReadKey(ref UriCursor cursor, scoped Span<byte> key, out int length)
    {
        length = 0;
        while (true)
        {
            var next = cursor.Next();
            if (next == '+' || !IsSchemeCharacter(next) || length == key.Length)
            {
                return next;
            }

            key[length++] = ToLower((byte)next);
        }
    }

    private static void Write(IBufferWriter<byte> writer, UriPrefix prefix, ReadOnlySpan<byte> uri, UriInsertion insertion)
    {
        writer.Write(uri[..insertion.Offset]);
        writer.Write(prefix.Text(insertion.IsRelative).Span);
        writer.Write(uri[insertion.Offset..]);
    }

    private static bool IsSchemeCharacter(int c) => c >= 0 && (char.IsAsciiLetterOrDigit((char)c) || c is '+' or '-' or '.');

    private static byte ToLower(byte c) => char.IsAsciiLetterUpper((char)c) ? (byte)(c | 0x20) : c;
}

/// <summary>An exposed URI in its parts. Points into the bytes it was split from.</summary>
internal readonly ref struct ExposedUri
{
    private readonly InlineKey _key;
    private readonly int _keyLength;

    public ExposedUri(ReadOnlySpan<byte> rest, bool isUi, scoped ReadOnlySpan<byte> scheme)
    {
        Rest = rest;
        IsUi = isUi;
        scheme.CopyTo(_key);
        _keyLength = scheme.Length;
    }

    /// <summary>The upstream's own URI, without its <c>ui://</c> when <see cref="IsUi"/>. From a token: raw, without the closing quote.</summary>
    public ReadOnlySpan<byte> Rest { get; }

    public bool IsUi { get; }

    /// <summary>The encoded key in lower case, as in <see cref="UriPrefix.Scheme"/>.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ReadOnlySpan<byte> Scheme => ((ReadOnlySpan<byte>)_key)[.._keyLength];

    /// <summary>Writes the upstream's own URI: as text when it was split from a text; without quotes, but still escaped, when from a token.</summary>
    public void WriteOwn(IBufferWriter<byte> writer)
    {
        if (IsUi)
        {
            writer.Write("ui://"u8);
        }

        writer.Write(Rest);
    }

    /// <summary>The upstream's own URI; without a copy unless it is a <c>ui://</c> one, which uses the scratch when that is long enough.</summary>
    public ReadOnlySpan<byte> Own(Span<byte> scratch)
    {
        if (!IsUi)
        {
            return Rest;
        }

        var scheme = "ui://"u8;
        var length = scheme.Length + Rest.Length;
        var own = scratch.Length >= length ? scratch[..length] : new byte[length];
        scheme.CopyTo(own);
        Rest.CopyTo(own[scheme.Length..]);
        return own;
    }

    [System.Runtime.CompilerServices.InlineArray(ResourceUris.MaxScheme)]
    private struct InlineKey
    {
        private byte _first;
    }
}

/// <summary>Reads a URI one character at a time, from plain text or from the inside of a raw JSON string token.</summary>
internal ref struct UriCursor(ReadOnlySpan<byte> bytes, bool isEscaped)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }

    public readonly ReadOnlySpan<byte> Remaining => _bytes[Position..];

    /// <summary>The next ASCII character; -1 at the end and for anything that cannot stand in a scheme anyway.</summary>
    public int Next()
    {
        if (Position >= _bytes.Length)
        {
            return -1;
        }

        var c = _bytes[Position++];
        if (c != '\\' || !isEscaped)
        {
            return c < 128 ? c : -1;
        }

        var escape = _bytes[Position++];
        if (escape != 'u')
        {
            return escape == '/' ? '/' : -1;
        }

        var isHex = System.Buffers.Text.Utf8Parser.TryParse(_bytes.Slice(Position, 4), out ushort code, out var used, 'x');
        Position += 4;
        return isHex && used == 4 && code < 128 ? code : -1;
    }
}
