using System.Text.Json;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary><c>users …</c> on a database.</summary>
public sealed class UsersCommandTests : IDisposable
{
    private readonly Cli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_user_is_added_promoted_and_removed()
    {
        _cli.In = "correct horse battery\n";
        Assert.Equal(0, await _cli.RunAsync("users", "add", "Ann@example.com", "--name", "Ann", "--role", "owner"));
        _cli.In = "another good secret\n";
        Assert.Equal(0, await _cli.RunAsync("users", "add", "bob@example.com", "--name", "Bob"));
        Assert.Equal(0, await _cli.RunAsync("users", "set-role", "BOB@example.com", "admin"));

        var users = await _cli.JsonAsync("users", "list");
        Assert.Equal(
            ["ann@example.com owner", "bob@example.com admin"],
            users.EnumerateArray().Select(user => $"{user.GetProperty("email").GetString()} {user.GetProperty("role").GetString()}"));
        Assert.Equal(1, await _cli.RunAsync("users", "remove", "ann@example.com"));
        Assert.Contains("last owner", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("users", "remove", "bob@example.com"));
        Assert.Equal(1, await _cli.RunAsync("users", "show", "bob@example.com"));
        Assert.Contains("users list", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_comes_from_standard_input_and_is_shown_nowhere()
    {
        _cli.In = "correct horse battery\n";
        await _cli.RunAsync("users", "add", "ann@example.com", "--name", "Ann");
        Assert.DoesNotContain("argon2", _cli.Out, StringComparison.Ordinal);
        _cli.In = "short\n";
        Assert.Equal(1, await _cli.RunAsync("users", "set-password", "ann@example.com"));
        Assert.Contains("12", _cli.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("short", _cli.Error, StringComparison.Ordinal);
        _cli.In = "";
        Assert.Equal(1, await _cli.RunAsync("users", "set-password", "ann@example.com"));
        _cli.In = "another good secret\n";
        Assert.Equal(0, await _cli.RunAsync("users", "set-password", "ann@example.com"));

        var log = await _cli.JsonAsync("audit", "list");
        Assert.Contains("user.password_changed", log.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("argon2", log.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invitations_are_made_listed_renewed_and_revoked()
    {
        Assert.Equal(0, await _cli.RunAsync("users", "invite", "ann@example.com", "--role", "viewer"));
        var link = _cli.Out.Trim();
        Assert.StartsWith("/invite#ngi_", link, StringComparison.Ordinal);
        var open = await _cli.JsonAsync("users", "invitations");
        Assert.Equal("viewer", Assert.Single(open.EnumerateArray()).GetProperty("role").GetString());
        Assert.DoesNotContain("ngi_", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("users", "reinvite", "ann@example.com", "--json"));
        Assert.NotEqual(link, JsonDocument.Parse(_cli.Out).RootElement.GetProperty("link").GetString());
        Assert.Equal(0, await _cli.RunAsync("users", "uninvite", "ann@example.com"));
        Assert.Empty((await _cli.JsonAsync("users", "invitations")).EnumerateArray());
        Assert.Equal(1, await _cli.RunAsync("users", "invite", "nobody", "--role", "king"));
        Assert.Contains("/email", _cli.Error, StringComparison.Ordinal);
        Assert.Contains("/role", _cli.Error, StringComparison.Ordinal);
    }
}
