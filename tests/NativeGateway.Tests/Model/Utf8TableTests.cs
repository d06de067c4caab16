using NativeGateway.Model;

namespace NativeGateway.Tests.Model;

public class Utf8TableTests
{
    [Fact]
    public void Names_are_found_by_their_bytes()
    {
        var table = new Utf8Table<int>([1, 2, 3], number => number switch { 1 => "a", 2 => "ä€😀", _ => "" });

        Assert.True(table.TryGet("a"u8, out var a));
        Assert.True(table.TryGet("ä€😀"u8, out var other));
        Assert.True(table.TryGet(""u8, out var empty));
        Assert.Equal((1, 2, 3), (a, other, empty));
        Assert.False(table.TryGet("A"u8, out _));
        Assert.False(table.TryGet("a\0"u8, out _));
    }

    [Fact]
    public void The_first_of_a_repeated_name_stays_and_first_names_come_before_second_ones()
    {
        var table = new Utf8Table<int>([1, 2], number => number == 1 ? "one" : "two", number => number == 1 ? "two" : "more");

        Assert.Equal(3, table.Count);
        Assert.True(table.TryGet("two"u8, out var two));
        Assert.True(table.TryGet("more"u8, out var more));
        Assert.Equal((2, 2), (two, more));
        Assert.Equal([1], new Utf8Table<int>([1, 2], _ => "a").Values);
    }

    [Fact]
    public void Many_names_are_all_found_without_allocating()
    {
        var names = Enumerable.Range(0, 10_000).Select(i => $"server__tool_{i}").ToArray();
        var table = new Utf8Table<int>(Enumerable.Range(0, names.Length), i => names[i]);
        var asked = names.Select(System.Text.Encoding.UTF8.GetBytes).ToArray();
        table.TryGet(asked[0], out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var right = 0;
        for (var i = 0; i < asked.Length; i++)
        {
            right += table.TryGet(asked[i], out var found) && found == i ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(asked.Length, right);
    }
}
