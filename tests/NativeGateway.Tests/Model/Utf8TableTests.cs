using NativeGateway.Model;

namespace NativeGateway.Tests.Model;

public class Utf8TableTests
{
    [Fact]
    public void Names_are_found_by_their_bytes()
    {
        var table = new Utf8Table<int>([("a", 1), ("ä€😀", 2), ("", 3)]);

        Assert.True(table.TryGet("a"u8, out var a));
        Assert.True(table.TryGet("ä€😀"u8, out var other));
        Assert.True(table.TryGet(""u8, out var empty));
        Assert.Equal((1, 2, 3), (a, other, empty));
        Assert.False(table.TryGet("A"u8, out _));
        Assert.False(table.TryGet("a\0"u8, out _));
    }

    [Fact]
    public void The_first_of_a_repeated_name_stays()
    {
        var table = new Utf8Table<int>([("a", 1), ("a", 2)]);

        Assert.Equal(1, table.Count);
        Assert.Equal([1], table.Values);
    }

    [Fact]
    public void Many_names_are_all_found_without_allocating()
    {
        var names = Enumerable.Range(0, 10_000).Select(i => $"server__tool_{i}").ToArray();
        var table = new Utf8Table<int>(names.Select((name, i) => (name, i)));
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
