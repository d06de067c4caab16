using System.Globalization;
using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>Headers that mean something to the lean door or to the pipeline behind it. One that comes twice is Kestrel's to judge.</summary>
internal enum KnownHeader : byte
{
    Host,
    ContentLength,
    ContentType,
    Accept,
    Authorization,
    ApiKey,
    Origin,
    ForwardedFor,
    ProtocolVersion,
    SessionId,
    LastEventId,
    MirroredMethod,
    MirroredName,
    TraceParent,
    TraceState,
    Connection,

    /// <summary>How many there are.</summary>
    Count,
}

/// <summary>The head of one HTTP/1.1 request, as ranges of the bytes it was read from. Filled by <see cref="Http1Reader"/>; used again and again.</summary>
internal sealed class Http1Request
{
    private readonly ByteRange[] _known = new ByteRange[(int)KnownHeader.Count];
    private byte[] _kept = [];
    private int _keptLength;

    /// <summary>Bytes of the head, with the empty line.</summary>
    public int HeadLength { get; set; }

    public int ContentLength { get; set; }

    /// <summary>The client wants the connection closed after the answer.</summary>
    public bool Closes { get; set; }

    /// <summary>The <c>{server}</c> of the path; empty for the aggregate.</summary>
    public ByteRange UpstreamName { get; set; }

    /// <summary>Where the header lines begin.</summary>
    public int LinesStart { get; set; }

    public ByteRange this[KnownHeader header]
    {
        get => _known[(int)header];
        set => _known[(int)header] = value;
    }

    /// <summary>Remembers the bytes that this head was read from, to know them again.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_kept.Length < HeadLength)
        {
            _kept = new byte[HeadLength];
        }

        bytes[..HeadLength].CopyTo(_kept);
        _keptLength = HeadLength;
    }

    /// <summary>
    /// Clients begin all of their requests alike. True when these bytes begin with the head that was kept, but for the digits of its length: then
    /// everything that was read from it holds for them, also who its key was found to belong to.
    /// </summary>
    public bool TryRepeat(ReadOnlySpan<byte> bytes)
    {
        if (_keptLength == 0 || bytes.Length < _keptLength)
        {
            return false;
        }

        var length = this[KnownHeader.ContentLength];
        var digits = length.Of(bytes);
        var isSame = FixedTime.Equals(bytes[..length.Start], _kept.AsSpan(0, length.Start))
            & FixedTime.Equals(bytes[length.End.._keptLength], _kept.AsSpan(length.End, _keptLength - length.End))
            && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9');
        if (isSame)
        {
            ContentLength = int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return isSame;
    }

    public void Clear()
    {
        _keptLength = 0;
        Array.Clear(_known);
        (HeadLength, ContentLength, Closes, UpstreamName, LinesStart) = (0, 0, false, default, 0);
    }

    /// <summary>The value of a header of any name, several joined by commas; null when it is absent.</summary>
    public string? Find(ReadOnlySpan<byte> bytes, string name)
    {
        string? found = null;
        var lines = bytes[LinesStart..(HeadLength - 2)];
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf("\r\n"u8);
            var line = lines[..end];
            lines = lines[(end + 2)..];
            var colon = line.IndexOf((byte)':');
            if (Ascii.EqualsIgnoreCase(line[..colon], name))
            {
                var value = Encoding.ASCII.GetString(line[(colon + 1)..].Trim(" \t"u8));
                found = found is null ? value : $"{found},{value}";
            }
        }

        return found;
    }
}
