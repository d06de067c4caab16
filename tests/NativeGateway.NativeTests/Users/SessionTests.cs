using System.Security.Cryptography;
using System.Text.Json;
using NativeGateway.NativeTests.Faults;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Users;

/// <summary>Users of two replicas on one Postgres: what one of them knows of a person, the other one knows too.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SessionTests(PostgresCluster postgres) : IAsyncLifetime
{
    private const string Email = "ann@example.com";
    private const string Password = "correct horse battery";

    private TempDatabase _database = null!;
    private GatewayProcess _first = null!;
    private GatewayProcess _second = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        var setup = new GatewaySetup
        {
            Database = _database.Uri,
            Environment = new Dictionary<string, string>
            {
                ["NATIVE_GATEWAY_ENCRYPTION_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            },
        };
        _first = await GatewayProcess.StartAsync(setup);
        _second = await GatewayProcess.StartAsync(setup with { IsFirstStart = false });
    }

    public async Task DisposeAsync()
    {
        await _second.DisposeAsync();
        await _first.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task An_invited_user_signs_in_changes_something_and_is_removed()
    {
        var user = await JoinAsync();
        var (cookie, csrf) = await SignInAsync();

        Assert.Equal(200, (await _second.SendAsync(RawRequest.Bare("GET", "/api/v1/session").With("Cookie", cookie))).Status);
        var workspace = RawRequest.Post("/api/v1/workspaces", """{"name":"of ann"}""").With("Cookie", cookie);
        Assert.Equal(403, (await _second.SendAsync(workspace)).Status);
        Assert.Equal(201, (await _second.SendAsync(workspace.With("X-CSRF-Token", csrf))).Status);
        var key = await _first.SendAsync(RawRequest.Post("/api/v1/keys", """{"name":"of ann"}""").With("Cookie", cookie).With("X-CSRF-Token", csrf));
        var text = key.Json.GetProperty("key").GetString()!;
        await Until.Async(() => _second.PostAsync("/mcp", Rpc.Ping, text), reply => reply.Status == 200);

        var log = await _first.RunAsync("audit", "list", "--json");
        var changes = JsonDocument.Parse(log.Output).RootElement.EnumerateArray()
            .Where(entry => entry.GetProperty("actor").TryGetProperty("id", out var id) && id.GetString() == user);
        Assert.Equal(
            ["key.created", "workspace.created", "session.created", "invitation.accepted", "member.created", "user.created"],
            changes.Where(entry => entry.GetProperty("outcome").GetString() == "done").Select(entry => entry.GetProperty("action").GetString()));
        Assert.Equal(0, (await _first.RunAsync("audit", "verify")).ExitCode);

        // The last owner stays.
        Assert.Equal(1, (await _first.RunAsync("users", "remove", Email)).ExitCode);
        await JoinAsync("bob@example.com");
        var removed = await _first.RunAsync("users", "remove", Email);
        Assert.True(removed.ExitCode == 0, removed.Errors);
        Assert.Equal(401, (await _second.SendAsync(RawRequest.Bare("GET", "/api/v1/session").With("Cookie", cookie))).Status);
        await Until.Async(() => _second.PostAsync("/mcp", Rpc.Ping, text), reply => reply.Status == 401);
        var said = _first.Log.Text + _first.Output.Text + _second.Log.Text + log.Output;
        Assert.All([Password, "ngs_", "ngi_", "argon2"], secret => Assert.DoesNotContain(secret, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Failures_at_both_replicas_lock_the_account_at_both_and_signing_out_of_one_is_signing_out_of_the_other()
    {
        await JoinAsync();
        var (cookie, csrf) = await SignInAsync();
        foreach (var replica in (GatewayProcess[])[_first, _second, _first, _second, _first])
        {
            Assert.Equal(401, (await SignInAsync(replica, "wrong password")).Status);
        }

        foreach (var replica in (GatewayProcess[])[_first, _second])
        {
            var locked = await SignInAsync(replica, Password);
            Assert.Equal(429, locked.Status);
            Assert.NotNull(locked["Retry-After"]);
        }

        var session = RawRequest.Bare("GET", "/api/v1/session").With("Cookie", cookie);
        Assert.Equal(200, (await _second.SendAsync(session)).Status);
        Assert.Equal(204, (await _first.SendAsync(RawRequest.Bare("DELETE", "/api/v1/session").With("Cookie", cookie).With("X-CSRF-Token", csrf))).Status);
        Assert.Equal(401, (await _second.SendAsync(session)).Status);
        var log = await _first.RunAsync("audit", "list", "--json");
        Assert.Contains("user.locked", log.Output, StringComparison.Ordinal);
        Assert.Contains("session.ended", log.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_a_user_share_one_bucket_at_both_replicas()
    {
        const int Burst = 4;
        await JoinAsync();
        var (cookie, csrf) = await SignInAsync();
        var keys = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var key = await _first.SendAsync(RawRequest.Post("/api/v1/keys", """{"name":"of ann"}""").With("Cookie", cookie).With("X-CSRF-Token", csrf));
            keys.Add(key.Json.GetProperty("key").GetString()!);
            await Until.Async(() => _second.SendAsync(RawRequest.Post("/mcp", "{").As(keys[^1])), reply => reply.Status == 400);
        }

        const string Settings = "/api/v1/settings";
        var change = RawRequest.Bare("PATCH", Settings).With("Content-Type", "application/json").With("If-Match", "*").As(_first.AdminKey)
            .WithBody("""{"limits":{"user":{"requestsPerMinute":1,"burst":4}}}"""u8.ToArray());
        Assert.Equal(200, (await _first.SendAsync(change)).Status);
        await Until.Async(() => _second.SendAsync(RawRequest.Bare("GET", Settings).As(_first.AdminKey)), reply => reply.Text.Contains("\"user\"", StringComparison.Ordinal));
        await Task.WhenAll(((GatewayProcess[])[_first, _second])
            .Select(replica => replica.Log.LineAsync(line => line.Contains("Limits are shared by 2 replicas", StringComparison.Ordinal))));

        var answers = new List<Reply>();
        for (var i = 0; i < 2 * Burst; i++)
        {
            answers.Add(await (i % 2 == 0 ? _first : _second).PostAsync("/mcp", Rpc.Ping, keys[i / 2 % 2]));
        }

        Assert.Equal(Burst, answers.Count(answer => answer.Status == 200));
        Assert.All(answers.Skip(Burst), answer => Assert.Equal("user", answer.Json.GetProperty("error").GetProperty("data").GetProperty("scope").GetString()));
        Assert.Equal(200, (await _second.PostAsync("/mcp", Rpc.Ping, _first.AdminKey)).Status);
    }

    /// <summary>Invited by the command line at one replica, accepted at the other; the user's id.</summary>
    private async Task<string> JoinAsync(string email = Email)
    {
        var invited = await _first.RunAsync("users", "invite", email, "--role", "owner", "--json");
        Assert.True(invited.ExitCode == 0, invited.Errors);
        var token = JsonDocument.Parse(invited.Output).RootElement.GetProperty("token").GetString();
        var joined = await _second.SendAsync(
            RawRequest.Post("/api/v1/invitations/accept", $$"""{"token":"{{token}}","name":"Ann","password":"{{Password}}"}"""));
        Assert.True(joined.Status == 200, joined.ToString());
        return joined.Json.GetProperty("userId").GetString()!;
    }

    private async Task<(string Cookie, string CsrfToken)> SignInAsync()
    {
        var reply = await SignInAsync(_first, Password);
        Assert.True(reply.Status == 200, reply.ToString());
        return (reply["Set-Cookie"]!.Split(';')[0], reply.Json.GetProperty("csrfToken").GetString()!);
    }

    private static Task<Reply> SignInAsync(GatewayProcess replica, string password) =>
        replica.SendAsync(RawRequest.Post("/api/v1/session", $$"""{"email":"{{Email}}","password":"{{password}}"}"""));
}
