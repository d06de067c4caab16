using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

public sealed class OriginTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    private RawRequest Call => RawRequest.Post("/mcp", Rpc.Call("up__echo")).As(fixture.Plain);

    [Theory]
    [InlineData("http://evil.example.com")]
    [InlineData("https://127.0.0.1.evil.example.com")]
    [InlineData("http://localhost.evil.example.com:8080")]
    [InlineData("null")]
    [InlineData("")]
    public async Task A_foreign_Origin_is_refused(string origin)
    {
        CheckRefused(await fixture.Gateway.SendAsync(Call.With("Origin", origin)));
    }

    [Fact]
    public async Task A_repeated_Origin_is_refused_even_when_each_is_allowed()
    {
        CheckRefused(await fixture.Gateway.SendAsync(Call.Add("Origin", "http://localhost").Add("Origin", "http://localhost")));
    }

    [Theory]
    [InlineData("evil.example.com")]
    [InlineData("evil.example.com:80")]
    [InlineData("127.0.0.1.evil.example.com")]
    public async Task A_foreign_Host_is_refused_on_a_loopback_listener(string host)
    {
        CheckRefused(await fixture.Gateway.SendAsync(Call.With("Host", host)));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Origin_and_Host_are_checked_for_every_method(string method)
    {
        CheckRefused(await fixture.Gateway.SendAsync(RawRequest.Bare(method, "/mcp").As(fixture.Plain).With("Origin", "http://evil.example.com")));
        CheckRefused(await fixture.Gateway.SendAsync(RawRequest.Bare(method, "/mcp").As(fixture.Plain).With("Host", "evil.example.com")));
    }

    [Theory]
    [InlineData("Host", "localhost:1234")]
    [InlineData("Host", "[::1]:1234")]
    [InlineData("Origin", "http://localhost:1234")]
    [InlineData("Origin", "http://127.0.0.1")]
    public async Task Loopback_names_are_allowed(string header, string value)
    {
        var reply = await fixture.Gateway.SendAsync(Call.With(header, value));

        Assert.Equal(200, reply.Status);
    }

    [Fact]
    public async Task The_Origin_is_judged_before_the_key_and_the_size()
    {
        CheckRefused(await fixture.Gateway.SendAsync(Call.With("Origin", "http://evil.example.com").Without("Authorization")));
        using var connection = await fixture.Gateway.ConnectAsync();
        await connection.WriteAsync(Call.With("Origin", "http://evil.example.com").HeadBytes(fixture.Gateway.Port, 100_000_000));
        CheckRefused(await connection.ReadReplyAsync());
    }

    /// <summary>403, with the error of the table or without a body.</summary>
    private static void CheckRefused(Reply reply)
    {
        Assert.True(reply.Status == 403, reply.ToString());
        Refusal.CheckNothingLeaks(reply);
        if (reply.Body.Length > 0)
        {
            Refusal.Check(reply, 403, -32011);
        }
    }
}
