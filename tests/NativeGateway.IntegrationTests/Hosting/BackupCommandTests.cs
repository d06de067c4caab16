using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

/// <summary><c>backup</c> and <c>restore</c> as an operator uses them.</summary>
public sealed class BackupCommandTests : IDisposable
{
    private readonly Cli _cli = new();

    private string File => Path.Combine(_cli.Directory, "gateway.backup");

    private string Other => $"sqlite:{Path.Combine(_cli.Directory, "other", "gateway.db")}";

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_backup_is_for_its_owner_and_can_be_restored_elsewhere()
    {
        Assert.Equal(0, await _cli.RunAsync("orgs", "create", "acme"));

        Assert.Equal(0, await _cli.RunAsync("backup", File));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Contains("encryption key is not in it", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("restore", File, "--database", Other));

        Assert.Equal(0, await _cli.RunAsync("orgs", "list", "--database", Other));
        Assert.Contains("acme", _cli.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Administrator key", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neither_file_nor_database_is_replaced_unless_forced()
    {
        Assert.Equal(0, await _cli.RunAsync("orgs", "create", "acme"));
        Assert.Equal(0, await _cli.RunAsync("backup", File));
        var written = await System.IO.File.ReadAllBytesAsync(File);
        Assert.Equal(0, await _cli.RunAsync("orgs", "create", "later"));

        Assert.Equal(1, await _cli.RunAsync("backup", File));
        Assert.Equal(written, await System.IO.File.ReadAllBytesAsync(File));
        Assert.Equal(1, await _cli.RunAsync("restore", File));
        Assert.Contains("not empty", _cli.Error, StringComparison.Ordinal);

        Assert.Equal(0, await _cli.RunAsync("restore", File, "--force"));
        Assert.Equal(0, await _cli.RunAsync("orgs", "list"));
        Assert.DoesNotContain("later", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("backup", File, "--force"));
        Assert.NotEqual(written, await System.IO.File.ReadAllBytesAsync(File));
        Assert.Equal([File], Directory.GetFiles(_cli.Directory, "gateway.backup*"));
    }

    [Fact]
    public async Task A_broken_backup_creates_no_database()
    {
        Assert.Equal(78, await _cli.RunAsync("restore", _cli.Write("broken", "{}\n"), "--database", Other));

        Assert.Contains("no whole backup", _cli.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_cli.Directory, "other")));
    }

    [Fact]
    public async Task Paths_that_do_not_work_are_told()
    {
        Assert.Equal(0, await _cli.RunAsync("orgs", "create", "acme"));

        Assert.Equal(1, await _cli.RunAsync("restore", Path.Combine(_cli.Directory, "missing")));
        Assert.Contains("cannot be read", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("backup", Path.Combine(_cli.Directory, "missing", "backup")));
        Assert.Contains("cannot be written", _cli.Error, StringComparison.Ordinal);
    }
}
