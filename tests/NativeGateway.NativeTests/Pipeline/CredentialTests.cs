using System.Net;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>Each test comes from an address of its own, so that the bucket for refused credentials of one address does not mix them.</summary>
public sealed class CredentialTests(PipelineGateway fixture) : IClassFixture<PipelineGateway>
{
    private readonly IPAddress _address = Loopback.Next();

    private static RawRequest Call => RawRequest.Post("/mcp", Rpc.Call("up__echo", """{"marker":"body-marker"}"""));

    [Fact]
    public async Task The_key_is_taken_from_each_of_the_three_headers()
    {
        var key = fixture.Gateway.AdminKey;
        Assert.Equal(200, (await SendAsync(Call.With("Authorization", "Bearer " + key))).Status);
        Assert.Equal(200, (await SendAsync(Call.With("X-API-Key", key))).Status);
        Assert.Equal(200, (await SendAsync(Call.With("Authorization", "ApiKey " + key))).Status);
    }

    [Fact]
    public async Task A_request_without_a_key_is_refused()
    {
        Refusal.CheckUnauthenticated(await SendAsync(Call), "body-marker");
    }

    [Fact]
    public async Task Two_contradicting_credentials_are_refused()
    {
        var request = Call.With("Authorization", "Bearer " + fixture.Plain).With("X-API-Key", fixture.Gateway.AdminKey);
        Refusal.CheckUnauthenticated(await SendAsync(request), fixture.Plain, fixture.Gateway.AdminKey);

        request = Call.Add("Authorization", "Bearer " + fixture.Plain).Add("Authorization", "Bearer " + fixture.Gateway.AdminKey);
        Refusal.CheckUnauthenticated(await SendAsync(request), fixture.Plain, fixture.Gateway.AdminKey);

        request = Call.Add("X-API-Key", fixture.Plain).Add("X-API-Key", fixture.Gateway.AdminKey);
        Refusal.CheckUnauthenticated(await SendAsync(request), fixture.Plain, fixture.Gateway.AdminKey);
    }

    [Fact]
    public async Task A_valid_key_beside_an_invalid_one_is_refused()
    {
        Refusal.CheckUnauthenticated(await SendAsync(Call.As(fixture.Plain).With("X-API-Key", "wrong")), fixture.Plain);
        Refusal.CheckUnauthenticated(await SendAsync(Call.As("wrong").With("X-API-Key", fixture.Plain)), fixture.Plain);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(65)]
    public async Task A_key_with_one_wrong_character_is_refused(int place)
    {
        var key = fixture.Gateway.AdminKey;
        var typo = $"{key[..place]}{(key[place] == 'x' ? 'y' : 'x')}{key[(place + 1)..]}";

        Refusal.CheckUnauthenticated(await SendAsync(Call.As(typo)), key, typo);
    }

    [Fact]
    public async Task A_key_that_is_cut_off_or_too_long_or_no_key_at_all_is_refused()
    {
        var key = fixture.Gateway.AdminKey;
        foreach (var text in (string[])[key[..^1], key + "a", key[4..], "ngw_", "", new string('a', 5000), "Bearer " + key])
        {
            Refusal.CheckUnauthenticated(await SendAsync(Call.As(text)), key);
        }

        Refusal.CheckUnauthenticated(await SendAsync(Call.With("Authorization", "Basic " + key)), key);
        Refusal.CheckUnauthenticated(await SendAsync(Call.With("Authorization", key)), key);
    }

    [Fact]
    public async Task Unknown_and_expired_keys_get_the_same_answer()
    {
        var unknown = await SendAsync(Call.As(fixture.Unknown));
        var expired = await SendAsync(Call.As(fixture.Expired));

        Refusal.CheckUnauthenticated(unknown, fixture.Unknown, "body-marker");
        Refusal.CheckUnauthenticated(expired, fixture.Expired, "body-marker");
        Assert.Equal(unknown.Text, expired.Text);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_like_an_unknown_one()
    {
        var key = await fixture.Gateway.CreateKeyAsync("to be revoked");
        await AnsweredAsync(key, 200);

        var revoked = await fixture.Gateway.RunAsync("keys", "revoke", key.Split('_')[1]);
        Assert.True(revoked.ExitCode == 0, revoked.Errors);

        var reply = await AnsweredAsync(key, 401);
        Refusal.CheckUnauthenticated(reply, key);
        Assert.Equal((await SendAsync(Call.As(fixture.Unknown))).Text, reply.Text);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Every_method_needs_a_key(string method)
    {
        Refusal.CheckUnauthenticated(await SendAsync(RawRequest.Bare(method, "/mcp")));
        Refusal.CheckUnauthenticated(await SendAsync(RawRequest.Bare(method, "/mcp/up")));
    }

    [Fact]
    public async Task Without_a_key_nobody_learns_what_is_wrong_with_the_body_or_which_servers_exist()
    {
        Refusal.CheckUnauthenticated(await SendAsync(RawRequest.Post("/mcp", "not json")));
        var known = await SendAsync(RawRequest.Post("/mcp/up", Rpc.Ping));
        var unknown = await SendAsync(RawRequest.Post("/mcp/nothing-here", Rpc.Ping));
        Refusal.CheckUnauthenticated(known);
        Assert.Equal(known.Text, unknown.Text);
    }

    [Fact]
    public async Task Guessing_keys_is_slowed_down_by_address_and_harms_nobody_else()
    {
        Reply reply;
        var guesses = 0;
        do
        {
            reply = await SendAsync(Call.As(fixture.Unknown));
            guesses++;
        }
        while (reply.Status == 401 && guesses < 200);

        Refusal.Check(reply, 429, -32012, fixture.Unknown);
        Assert.Equal("address", reply.Json.GetProperty("error").GetProperty("data").GetProperty("scope").GetString());
        Assert.NotNull(reply["Retry-After"]);
        Assert.Equal(200, (await fixture.Gateway.SendAsync(Call.As(fixture.Plain))).Status);
    }

    private async Task<Reply> SendAsync(RawRequest request)
    {
        using var connection = await RawConnection.OpenAsync(fixture.Gateway.Port, _address);
        return await connection.SendAsync(request);
    }

    /// <summary>Asks until the answer has that status: a change by the command line takes effect within a second.</summary>
    private async Task<Reply> AnsweredAsync(string key, int status)
    {
        return await Faults.Until.Async(
            async () =>
            {
                using var connection = await RawConnection.OpenAsync(fixture.Gateway.Port, Loopback.Next());
                return await connection.SendAsync(Call.As(key));
            },
            reply => reply.Status == status);
    }
}
