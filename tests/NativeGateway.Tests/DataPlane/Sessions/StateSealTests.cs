using System.Text;
using NativeGateway.DataPlane.Sessions;

namespace NativeGateway.Tests.DataPlane.Sessions;

public sealed class StateSealTests
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly byte[] Binding = "binding"u8.ToArray();

    private readonly StateSeal _seal = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public void What_was_sealed_comes_back(int length)
    {
        var plain = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();
        var text = _seal.Seal(plain, Binding);

        Assert.All(text, letter => Assert.Contains((char)letter, Alphabet));
        Assert.Equal(plain, _seal.Open(text, Binding));
    }

    [Fact]
    public void The_same_is_never_sealed_alike_twice() => Assert.NotEqual(_seal.Seal("a"u8, Binding), _seal.Seal("a"u8, Binding));

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void No_letter_can_be_changed(int length)
    {
        var text = _seal.Seal(new byte[length], Binding);
        for (var i = 0; i < text.Length; i++)
        {
            foreach (var letter in Alphabet + "+/= \0\n")
            {
                var altered = text.ToArray();
                altered[i] = (byte)letter;
                Assert.True(letter == text[i] || _seal.Open(altered, Binding) is null, $"Letter {i} may be {letter}.");
            }
        }
    }

    [Fact]
    public void Nothing_can_be_cut_off_or_added()
    {
        var text = Encoding.ASCII.GetString(_seal.Seal("state"u8, Binding));
        for (var i = 0; i < text.Length; i++)
        {
            Assert.Null(Open(text[..i]));
            Assert.Null(Open(text[i..^0][1..]));
        }

        foreach (var more in new[] { "-TAMPERED", "A", "AA", "AAA", "AAAA", "=", "==", " ", "\n", text })
        {
            Assert.Null(Open(text + more));
            Assert.Null(Open(more + text));
        }
    }

    [Fact]
    public void Another_binding_or_another_key_opens_nothing()
    {
        var text = _seal.Seal("state"u8, Binding);

        Assert.Null(_seal.Open(text, "bindinG"u8));
        Assert.Null(_seal.Open(text, default));
        Assert.Null(new StateSeal(new byte[32]).Open(text, Binding));
    }

    private byte[]? Open(string text) => _seal.Open(Encoding.UTF8.GetBytes(text), Binding);
}
