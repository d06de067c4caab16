using System.Globalization;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Takes the body of one response out of the bytes of its connection (RFC 9112, 6 and 7): a known length, chunks, or up to the connection's end.
/// </summary>
internal sealed class Http1Body
{
    private const int MaxSizeDigits = 15;

    private readonly byte[] _scratch = new byte[512];
    private Framing _framing;
    private ChunkPart _part;
    private long _left;
    private int _digits;
    private int _lineLength;

    private enum Framing : byte
    {
        Ended,
        Length,
        Chunks,
        Connection,
    }

    private enum ChunkPart : byte
    {
        Size,
        Extension,
        SizeLineFeed,
        Data,
        DataReturn,
        DataLineFeed,
        Trailer,
        TrailerLineFeed,
    }

    /// <summary>Null when the length is not announced.</summary>
    public long? Announced { get; private set; }

    /// <summary>How much of it is still to come; null when the length is not known.</summary>
    public long? Rest => _framing switch
    {
        Framing.Ended => 0,
        Framing.Length => _left,
        _ => null,
    };

    public bool IsAtEnd => _framing == Framing.Ended;

    /// <summary>The end of the connection is the end of the body; there is no telling whether it is whole.</summary>
    public bool EndsWithConnection { get; private set; }

    /// <summary>For bytes that nobody wants.</summary>
    public Span<byte> Scratch => _scratch;

    public void Begin(Http1ResponseHead head)
    {
        Announced = head.IsChunked ? null : head.ContentLength;
        EndsWithConnection = false;
        (_part, _left, _digits, _lineLength) = (ChunkPart.Size, 0, 0, 0);
        if (head.Status is 204 or 304)
        {
            _framing = Framing.Ended;
        }
        else if (head.IsChunked)
        {
            _framing = Framing.Chunks;
        }
        else if (head.ContentLength is { } length)
        {
            (_framing, _left) = (length == 0 ? Framing.Ended : Framing.Length, length);
        }
        else
        {
            (_framing, EndsWithConnection) = (Framing.Connection, true);
        }
    }

    public void Ended() => _framing = Framing.Ended;

    /// <summary>Copies as much of the body as there is and fits; returns how much.</summary>
    /// <param name="used">Bytes of the source that are done with.</param>
    /// <exception cref="IOException">The chunks are broken.</exception>
    public int Take(ReadOnlySpan<byte> source, Span<byte> destination, out int used)
    {
        switch (_framing)
        {
            case Framing.Length:
                used = (int)Math.Min(_left, Math.Min(source.Length, destination.Length));
                source[..used].CopyTo(destination);
                _left -= used;
                _framing = _left == 0 ? Framing.Ended : _framing;
                return used;
            case Framing.Connection:
                used = Math.Min(source.Length, destination.Length);
                source[..used].CopyTo(destination);
                return used;
            case Framing.Chunks:
                return TakeChunks(source, destination, out used);
            default:
                used = 0;
                return 0;
        }
    }

    private int TakeChunks(ReadOnlySpan<byte> source, Span<byte> destination, out int used)
    {
        var taken = 0;
        used = 0;
        while (used < source.Length && _framing == Framing.Chunks)
        {
            if (_part == ChunkPart.Data)
            {
                var count = (int)Math.Min(_left, Math.Min(source.Length - used, destination.Length - taken));
                if (count == 0)
                {
                    break;
                }

                source.Slice(used, count).CopyTo(destination[taken..]);
                (used, taken, _left) = (used + count, taken + count, _left - count);
                _part = _left == 0 ? ChunkPart.DataReturn : ChunkPart.Data;
            }
            else
            {
                TakeFraming(source[used++]);
            }
        }

        return taken;
    }

    private void TakeFraming(byte next)
    {
        switch (_part)
        {
            case ChunkPart.Size when char.IsAsciiHexDigit((char)next) && _digits < MaxSizeDigits:
                _left = (_left << 4) | (uint)int.Parse([(char)next], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                _digits++;
                break;
            case ChunkPart.Size when _digits > 0 && next == '\r':
                _part = ChunkPart.SizeLineFeed;
                break;
            case ChunkPart.Size when _digits > 0 && next is (byte)';' or (byte)' ' or (byte)'\t':
                (_part, _lineLength) = (ChunkPart.Extension, 0);
                break;
            case ChunkPart.Extension when next != '\n' && ++_lineLength < 1024:
                _part = next == '\r' ? ChunkPart.SizeLineFeed : ChunkPart.Extension;
                break;
            case ChunkPart.SizeLineFeed when next == '\n':
                (_part, _digits, _lineLength) = (_left == 0 ? ChunkPart.Trailer : ChunkPart.Data, 0, 0);
                break;
            case ChunkPart.DataReturn when next == '\r':
                _part = ChunkPart.DataLineFeed;
                break;
            case ChunkPart.DataLineFeed when next == '\n':
                _part = ChunkPart.Size;
                break;
            case ChunkPart.Trailer when next == '\r':
                _part = ChunkPart.TrailerLineFeed;
                break;
            case ChunkPart.Trailer when next != '\n' && ++_lineLength < 8 * 1024:
                break;
            case ChunkPart.TrailerLineFeed when next == '\n':
                EndTrailerLine();
                break;
            default:
                throw new IOException("The chunks of the upstream's answer are broken.");
        }
    }

    /// <summary>Trailers are skipped; the empty line after them is the end.</summary>
    private void EndTrailerLine()
    {
        if (_lineLength == 0)
        {
            _framing = Framing.Ended;
        }

        (_part, _lineLength) = (ChunkPart.Trailer, 0);
    }
}
