using Microsoft.Data.Sqlite;
using NativeGateway.IntegrationTests.ControlPlane.Admin;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

public sealed class AuditCommandTests : IDisposable
{
    private readonly Cli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task What_is_changed_by_the_command_line_is_logged_under_the_operators_name()
    {
        Assert.Equal(0, await _cli.RunAsync("servers", "add", "a", "--url", "http://127.0.0.1:1/mcp"));
        Assert.Equal(0, await _cli.RunAsync("keys", "create", "--name", "ci"));
        Assert.Equal(0, await _cli.RunAsync("servers", "disable", "a"));

        var entries = (await _cli.JsonAsync("audit", "list")).EnumerateArray().ToList();

        Assert.Equal(["server.disabled", "key.created", "server.created", "instance.created"], entries.Select(entry => entry.GetProperty("action").GetString()));
        var actor = entries[0].GetProperty("actor");
        Assert.Equal(("operator", Environment.UserName), (actor.GetProperty("kind").GetString(), actor.GetProperty("id").GetString()));
        Assert.Single((await _cli.JsonAsync("audit", "list", "--action", "key.*")).EnumerateArray());
        Assert.Equal(0, await _cli.RunAsync("audit", "export", "--format", "csv", "--resource", "server"));
        Assert.Equal(3, _cli.Out.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_log_that_was_tampered_with_is_told_with_the_place()
    {
        await _cli.RunAsync("keys", "create", "--name", "ci");
        Assert.Equal(0, await _cli.RunAsync("audit", "verify"));
        Assert.Contains("Entries 1 to 2", _cli.Out, StringComparison.Ordinal);

        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(_cli.Directory, "gateway.db")};Pooling=False"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "UPDATE audit_entries SET actor_id = 'nobody' WHERE sequence = 2";
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal(1, await _cli.RunAsync("audit", "verify"));
        Assert.Contains("entry 2 was altered", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_is_read_and_verified_through_a_running_gateway()
    {
        await using var database = TempDatabase.Sqlite();
        await using var gateway = await AdminGateway.StartAsync(database);
        string[] there = ["--url", gateway.Address.ToString(), "--api-key", gateway.InstanceKey];

        Assert.Equal(0, await _cli.RunPlainAsync(["audit", "list", .. there]));
        Assert.Contains("instance.created", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunPlainAsync(["audit", "verify", .. there]));
        Assert.Equal(0, await _cli.RunPlainAsync(["audit", "export", .. there]));
        Assert.Contains("\"action\":\"instance.created\"", _cli.Out, StringComparison.Ordinal);
    }
}
