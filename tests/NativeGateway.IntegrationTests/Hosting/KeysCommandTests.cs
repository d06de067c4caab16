using System.Text;
using NativeGateway.DataPlane.Policy;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

public sealed class KeysCommandTests : IDisposable
{
    private readonly Cli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_key_is_printed_once_and_never_again()
    {
        Assert.Equal(0, await _cli.RunAsync("keys", "create", "--name", "ci", "--allow-server", "github", "--deny-tool", "*_delete", "--expires", "90d"));
        var text = _cli.Out.Trim();
        Assert.True(ApiKey.TryParse(Encoding.ASCII.GetBytes(text), out var key));
        var secret = Encoding.ASCII.GetString(key.Secret);

        var shown = await _cli.JsonAsync("keys", "show", "ci");
        Assert.Equal(("active", "github"), (shown.GetProperty("state").GetString(), shown.GetProperty("servers").GetProperty("allow")[0].GetString()));
        Assert.Equal("mcp", shown.GetProperty("scopes")[0].GetString());
        Assert.NotNull(shown.GetProperty("expiresAt").GetString());
        Assert.DoesNotContain(secret, _cli.Out, StringComparison.Ordinal);
        await _cli.RunAsync("keys", "list");
        Assert.DoesNotContain(secret, _cli.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Path.Combine(_cli.Directory, "gateway.db"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_key_on_an_empty_database_comes_with_the_administrators_on_stderr()
    {
        await _cli.RunAsync("keys", "create", "--name", "ci");
        Assert.Contains("Administrator key, shown this once: ngw_", _cli.Error, StringComparison.Ordinal);

        await _cli.RunAsync("keys", "create", "--name", "second");
        Assert.DoesNotContain("Administrator", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(
            ["administrator", "ci", "second"],
            (await _cli.JsonAsync("keys", "list")).EnumerateArray().Select(key => key.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Rotating_keeps_the_id_and_changes_the_secret()
    {
        var before = (await _cli.JsonAsync("keys", "create", "--name", "ci")).GetProperty("key").GetString()!;
        var id = before[4..16];

        Assert.Equal(0, await _cli.RunAsync("keys", "rotate", id));
        var after = _cli.Out.Trim();

        Assert.NotEqual(before, after);
        Assert.Equal(id, after[4..16]);
        Assert.True(ApiKey.TryParse(Encoding.ASCII.GetBytes(after), out _));
    }

    [Fact]
    public async Task A_revoked_key_stays_revoked()
    {
        var key = (await _cli.JsonAsync("keys", "create", "--name", "ci")).GetProperty("key").GetString()!;

        // By its whole text, as it is found where it leaked.
        Assert.Equal(0, await _cli.RunAsync("keys", "revoke", key));

        Assert.Equal("revoked", (await _cli.JsonAsync("keys", "show", "ci")).GetProperty("state").GetString());
        Assert.Equal(1, await _cli.RunAsync("keys", "rotate", "ci"));
        Assert.Contains("revoked", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_several_keys_have_is_not_guessed()
    {
        await _cli.RunAsync("keys", "create", "--name", "ci");
        await _cli.RunAsync("keys", "create", "--name", "ci");

        Assert.Equal(1, await _cli.RunAsync("keys", "revoke", "ci"));
        Assert.Contains("2 keys have the name", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("keys", "revoke", "nobody"));
        Assert.Contains("there is no key", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_encryption_key_is_a_fault_of_configuration()
    {
        await _cli.RunAsync("keys", "create", "--name", "ci");
        _cli.Environment["NATIVE_GATEWAY_ENCRYPTION_KEY"] = new string('0', 64);

        Assert.Equal(78, await _cli.RunAsync("keys", "list"));
    }

    [Fact]
    public async Task Migrating_creates_the_schema()
    {
        Assert.Equal(0, await _cli.RunAsync("migrate"));
        Assert.Contains("up to date", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("keys", "list"));
    }
}
