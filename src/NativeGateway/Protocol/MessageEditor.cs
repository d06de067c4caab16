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
        var source = _source.Span;
        var position = 0;
        foreach (ref readonly var edit in CollectionsMarshal.AsSpan(_edits))
        {
            writer.Write(source[position..edit.Start]);
            writer.Write(edit.Replacement.Span);
            position = edit.Start + edit.Length;
        }

        writer.Write(source[position..]);
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
