using System.Buffers;
using System.Runtime.InteropServices;

namespace NativeGateway.Protocol;

/// <summary>
/// A message and the few places where it is changed on its way: everything between the edits is copied byte for byte, so unknown members,
/// order, spacing and number forms survive. Reused by one owner at a time; not thread-safe.
/// </summary>
internal sealed class MessageEditor
{
    private readonly List<Edit> _edits = new(8);
    private ReadOnlyMemory<byte> _source;
    private int _delta;

    private readonly record struct Edit(int Start, int Length, ReadOnlyMemory<byte> Replacement);

    /// <summary>Bytes that <see cref="WriteTo"/> will write.</summary>
    public int Length => _source.Length + _delta;

    /// <summary>The message as it came.</summary>
    public ReadOnlyMemory<byte> Source => _source;

    public void Reset(ReadOnlyMemory<byte> source)
    {
        _source = source;
        _edits.Clear();
        _delta = 0;
    }

    /// <summary>Ranges of edits must not overlap; insertions at one place keep their order and stand before what is replaced there.</summary>
    public void Replace(ByteRange range, ReadOnlyMemory<byte> replacement) => Add(range.Start, range.Length, replacement);

    public void Insert(int position, ReadOnlyMemory<byte> text) => Add(position, 0, text);

    public void Remove(ByteRange range) => Add(range.Start, range.Length, default);

    public void WriteTo(IBufferWriter<byte> writer)
    {
        foreach (var piece in this)
        {
            writer.Write(piece.Span);
        }
    }

    /// <summary>The pieces that the message consists of, in order; some may be empty.</summary>
    public Enumerator GetEnumerator() => new(this);

    public struct Enumerator(MessageEditor message)
    {
        private int _next;
        private int _position;

        public ReadOnlyMemory<byte> Current { get; private set; }

        public bool MoveNext()
        {
            var edits = CollectionsMarshal.AsSpan(message._edits);
            var index = _next++ / 2;
            if (index == edits.Length)
            {
                Current = message._source[_position..];
                return _next % 2 == 1;
            }

            if (index > edits.Length)
            {
                return false;
            }

            ref readonly var edit = ref edits[index];
            if (_next % 2 == 1)
            {
                Current = message._source[_position..edit.Start];
            }
            else
            {
                Current = edit.Replacement;
                _position = edit.Start + edit.Length;
            }

            return true;
        }
    }

    /// <summary>The same on one line, whatever line breaks the message came with.</summary>
    public void WriteLineTo(IBufferWriter<byte> writer)
    {
        if (_source.Span.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            WriteTo(writer);
            return;
        }

        var whole = new ArrayBufferWriter<byte>(Length);
        WriteTo(whole);
        JsonText.WriteLine(writer, whole.WrittenSpan);
    }

    private void Add(int start, int length, ReadOnlyMemory<byte> replacement)
    {
        var index = _edits.Count;
        while (index > 0 && IsBehind(_edits[index - 1], start, length))
        {
            index--;
        }

        _edits.Insert(index, new Edit(start, length, replacement));
        _delta += replacement.Length - length;
    }

    /// <summary>An insertion stands before a replacement that begins at the same place, in whatever order they were added.</summary>
    private static bool IsBehind(in Edit edit, int start, int length) =>
        edit.Start > start || (edit.Start == start && length == 0 && edit.Length > 0);
}
