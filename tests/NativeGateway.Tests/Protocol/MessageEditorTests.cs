using System.Buffers;
using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

public class MessageEditorTests
{
    private static readonly byte[] Source = "0123456789"u8.ToArray();

    [Fact]
    public void A_message_without_edits_is_written_as_it_came() => Assert.Equal("0123456789", Write(_ => { }));

    [Fact]
    public void Edits_may_be_added_in_any_order()
    {
        Assert.Equal("0abc3456xy9", Write(editor =>
        {
            editor.Replace(new ByteRange(7, 2), "xy"u8.ToArray());
            editor.Replace(new ByteRange(1, 2), "abc"u8.ToArray());
        }));
    }

    [Fact]
    public void Insertions_at_one_place_keep_their_order()
    {
        Assert.Equal("01234ab56789", Write(editor =>
        {
            editor.Insert(5, "a"u8.ToArray());
            editor.Insert(5, "b"u8.ToArray());
        }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_insertion_stands_before_a_replacement_at_the_same_place(bool insertFirst)
    {
        Assert.Equal("0123+X789", Write(editor =>
        {
            if (insertFirst)
            {
                editor.Insert(4, "+"u8.ToArray());
            }

            editor.Replace(new ByteRange(4, 3), "X"u8.ToArray());
            if (!insertFirst)
            {
                editor.Insert(4, "+"u8.ToArray());
            }
        }));
    }

    [Fact]
    public void Both_ends_can_be_edited()
    {
        Assert.Equal("<3456789>", Write(editor =>
        {
            editor.Insert(10, ">"u8.ToArray());
            editor.Remove(new ByteRange(0, 3));
            editor.Insert(0, "<"u8.ToArray());
        }));
    }

    [Fact]
    public void Reset_forgets_the_edits()
    {
        var editor = new MessageEditor();
        editor.Reset(Source);
        editor.Remove(new ByteRange(0, 10));
        editor.Reset("new"u8.ToArray());

        Assert.Equal("new", Text(editor));
    }

    [Fact]
    public void Random_edits_give_what_plain_string_surgery_gives()
    {
        var random = new Random(7);
        for (var round = 0; round < 2_000; round++)
        {
            var editor = new MessageEditor();
            editor.Reset(Source);
            var expected = new StringBuilder();
            var position = 0;
            var edits = new List<(ByteRange Range, byte[] Text)>();
            while (position < Source.Length)
            {
                var start = random.Next(position, Source.Length);
                var length = random.Next(1, Source.Length - start + 1);
                var text = Encoding.ASCII.GetBytes(new string((char)random.Next('a', 'z'), random.Next(4)));
                expected.Append(Encoding.ASCII.GetString(Source, position, start - position)).Append(Encoding.ASCII.GetString(text));
                edits.Add((new ByteRange(start, length), text));
                position = start + length;
            }

            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(edits));
            edits.ForEach(edit => editor.Replace(edit.Range, edit.Text));
            Assert.Equal(expected.ToString(), Text(editor));
        }
    }

    private static string Write(Action<MessageEditor> edit)
    {
        var editor = new MessageEditor();
        editor.Reset(Source);
        edit(editor);
        return Text(editor);
    }

    private static string Text(MessageEditor editor)
    {
        var writer = new ArrayBufferWriter<byte>();
        editor.WriteTo(writer);
        Assert.Equal(editor.Length, writer.WrittenCount);
        return Encoding.UTF8.GetString(writer.WrittenSpan);
    }
}
