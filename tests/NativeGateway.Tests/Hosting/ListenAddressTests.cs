using NativeGateway.Hosting;

namespace NativeGateway.Tests.Hosting;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:12006", "http://127.0.0.1:12006", true)]
    [InlineData("http://127.0.0.1:0/", "http://127.0.0.1:0", true)]
    [InlineData("http://localhost:80", "http://localhost:80", true)]
    [InlineData("https://[::1]:443", "https://[::1]:443", true)]
    [InlineData("http://127.9.9.9", "http://127.9.9.9:80", true)]
    [InlineData("https://0.0.0.0", "https://0.0.0.0:443", false)]
    [InlineData("http://*:8080", "http://*:8080", false)]
    [InlineData("HTTP://+:8080", "http://*:8080", false)]
    [InlineData("http://[::]:8080", "http://[::]:8080", false)]
    [InlineData("http://192.168.1.5:8080", "http://192.168.1.5:8080", false)]
    public void An_address_is_read_and_known_as_loopback_or_not(string text, string canonical, bool isLoopback)
    {
        var address = ListenAddress.Parse(text, out var problem);

        Assert.Null(problem);
        Assert.Equal(canonical, address!.ToString());
        Assert.Equal(isLoopback, address.IsLoopback);
    }

    [Theory]
    [InlineData("127.0.0.1:80")]
    [InlineData("ftp://127.0.0.1:80")]
    [InlineData("http://example.com:80")]
    [InlineData("http://127.0.0.1:80/path")]
    [InlineData("http://127.0.0.1:http")]
    [InlineData("http://127.0.0.1:-1")]
    [InlineData("http://127.0.0.1:65536")]
    [InlineData("http://::1:80")]
    [InlineData("http://:80")]
    [InlineData("http://")]
    public void Anything_else_is_refused_with_a_reason(string text)
    {
        Assert.Null(ListenAddress.Parse(text, out var problem));
        Assert.NotNull(problem);
    }
}
