using System.Net.Sockets;
using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

public sealed class ChildProcessTests
{
    private static readonly TimeSpan ShortGrace = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_command_that_does_not_exist_is_named_in_the_error() =>
        Assert.Equal("cannot start 'no-such-command': No such file or directory", await FailAsync(StdioFixture.Command("no-such-command", [])));

    [Fact]
    public async Task A_file_that_may_not_be_run_is_named_in_the_error() =>
        Assert.Equal("cannot start '/etc/passwd': Permission denied", await FailAsync(StdioFixture.Command("/etc/passwd", [])));

    [Fact]
    public async Task A_working_directory_that_does_not_exist_is_named_in_the_error()
    {
        var error = await FailAsync(StdioFixture.Command("true", []) with { WorkingDirectory = "/no/such/directory" });

        Assert.Equal("cannot start 'true': its working directory '/no/such/directory' does not exist", error);
    }

    [Fact]
    public async Task A_zero_character_in_an_argument_is_refused_instead_of_cutting_it_short() =>
        Assert.Contains("zero character", await FailAsync(StdioFixture.Command("echo", ["a\0b"])), StringComparison.Ordinal);

    [Fact]
    public async Task Arguments_arrive_as_they_are_and_no_shell_sees_them()
    {
        var output = await RunAsync(StdioFixture.Command("printf", ["<%s>", "a b", "$HOME", "", "*", "\"'`;é"]));

        Assert.Equal("<a b><$HOME><><*><\"'`;é>", output);
    }

    [Fact]
    public async Task The_configured_PATH_decides_which_program_runs()
    {
        var command = StdioFixture.Command("true", [], new() { ["PATH"] = "/no/such/directory:relative" });

        Assert.Contains("No such file", await FailAsync(command), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_runs_in_its_working_directory() =>
        Assert.Equal("/usr\n", await RunAsync(StdioFixture.Command("pwd", []) with { WorkingDirectory = "/usr" }));

    [Fact]
    public async Task A_child_sees_common_and_configured_variables_and_none_of_the_gateway()
    {
        Environment.SetEnvironmentVariable("NATIVE_GATEWAY_ENCRYPTION_KEY", "secret");
        Environment.SetEnvironmentVariable("SOMEBODYS_TOKEN", "secret");

        var output = await RunAsync(StdioFixture.Command("env", [], new() { ["CONFIGURED"] = "yes", ["LC_TEST"] = "overridden" }));

        var names = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')[0]).ToArray();
        Assert.Contains("PATH", names);
        Assert.Contains("CONFIGURED=yes\n", output, StringComparison.Ordinal);
        Assert.Contains("LC_TEST=overridden\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
        Assert.DoesNotContain(names, name => name.StartsWith("NATIVE_GATEWAY", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_variables_that_programs_need_to_run_at_all_are_inherited()
    {
        var inherited = new Dictionary<string, string>
        {
            ["PATH"] = "/bin", ["LC_ALL"] = "C", ["XDG_DATA_HOME"] = "/x", ["https_proxy"] = "p", ["AWS_SECRET_ACCESS_KEY"] = "s",
            ["NATIVE_GATEWAY_DATABASE"] = "s", ["LD_PRELOAD"] = "s",
        };

        var names = ChildEnvironment.Build(inherited, new Dictionary<string, string>()).Keys.Order(StringComparer.Ordinal);

        Assert.Equal(["LC_ALL", "PATH", "XDG_DATA_HOME", "https_proxy"], names);
    }

    [Fact]
    public async Task A_child_inherits_no_descriptors_but_its_three()
    {
        // ls itself opens the directory that it lists, as number 3.
        Assert.Equal("0\n1\n2\n3\n", await RunAsync(StdioFixture.Command("ls", ["/proc/self/fd"])));
    }

    [Theory]
    [InlineData("exit 3", 3)]
    [InlineData("kill -KILL $$", 128 + 9)]
    public async Task The_exit_code_says_how_a_child_ended(string script, int code)
    {
        await using var child = await StartAsync(Shell(script));

        Assert.Equal(code, await child.Exited.WaitAsync(StdioFixture.Patience));
    }

    [Fact]
    public async Task Closing_its_stdin_is_enough_to_stop_a_polite_child()
    {
        await using var child = await StartAsync(StdioFixture.Command("cat", []));

        await child.StopAsync(StdioFixture.Patience, TimeProvider.System).WaitAsync(StdioFixture.Patience);

        Assert.Equal(0, await child.Exited);
    }

    [Fact]
    public async Task A_child_that_does_not_care_about_its_stdin_gets_SIGTERM()
    {
        await using var child = await StartAsync(Shell("trap 'exit 5' TERM; echo ready; while :; do sleep 1000 & wait; done"));
        await ReadLineAsync(child);

        await child.StopAsync(ShortGrace, TimeProvider.System).WaitAsync(StdioFixture.Patience);

        Assert.Equal(5, await child.Exited);
        await ProcessGroup.GoneAsync(child.Id);
    }

    [Fact]
    public async Task A_child_that_ignores_SIGTERM_is_killed()
    {
        await using var child = await StartAsync(Shell("trap '' TERM; echo ready; while :; do sleep 1000; done"));
        await ReadLineAsync(child);

        await child.StopAsync(ShortGrace, TimeProvider.System).WaitAsync(StdioFixture.Patience);

        Assert.Equal(128 + 9, await child.Exited);
        await ProcessGroup.GoneAsync(child.Id);
    }

    [Fact]
    public async Task Grandchildren_do_not_survive_a_stop()
    {
        await using var child = await StartAsync(Shell("trap '' TERM; (sleep 1000 & sleep 1000) & sleep 1000 & echo ready; cat"));
        await ReadLineAsync(child);
        Assert.True(ProcessGroup.Living(child.Id).Length >= 4);

        await child.StopAsync(StdioFixture.Patience, TimeProvider.System).WaitAsync(StdioFixture.Patience);

        await ProcessGroup.GoneAsync(child.Id);
    }

    [Fact]
    public async Task Grandchildren_do_not_survive_a_child_that_ends_by_itself()
    {
        await using var child = await StartAsync(Shell("sleep 1000 & sleep 1000 & exit 0"));

        await child.Exited.WaitAsync(StdioFixture.Patience);

        await ProcessGroup.GoneAsync(child.Id);
    }

    [Fact]
    public async Task The_output_ends_with_the_child_even_if_somebody_else_holds_it_open()
    {
        // setsid leaves the group; it ends by itself soon after the test.
        await using var child = await StartAsync(Shell("setsid sleep 10 & echo last words; exit 0"));

        Assert.Equal("last words\n", await ReadToEndAsync(child));
    }

    [Fact]
    public async Task Stderr_can_be_opened_by_its_name()
    {
        await using var child = await StartAsync(Shell("echo oops > /dev/stderr"));
        using var reader = new StreamReader(child.Errors);

        Assert.Equal("oops\n", await reader.ReadToEndAsync().WaitAsync(StdioFixture.Patience));
    }

    private static CommandConfig Shell(string script) => StdioFixture.Command("sh", ["-c", script]);

    private static async Task<ChildProcess> StartAsync(CommandConfig command)
    {
        var start = await ChildProcess.StartAsync(command).WaitAsync(StdioFixture.Patience);
        Assert.Null(start.Error);
        return start.Process!;
    }

    private static async Task<string> FailAsync(CommandConfig command)
    {
        var start = await ChildProcess.StartAsync(command).WaitAsync(StdioFixture.Patience);
        Assert.Null(start.Process);
        return start.Error!;
    }

    private static async Task<string> RunAsync(CommandConfig command)
    {
        await using var child = await StartAsync(command);
        return await ReadToEndAsync(child);
    }

    private static Task<string> ReadToEndAsync(ChildProcess child) => ReadUntilAsync(child, _ => false);

    private static async Task ReadLineAsync(ChildProcess child) =>
        Assert.EndsWith("\n", await ReadUntilAsync(child, text => text.EndsWith('\n')), StringComparison.Ordinal);

    private static async Task<string> ReadUntilAsync(ChildProcess child, Predicate<string> isEnough)
    {
        var buffer = new byte[1024];
        var text = "";
        while (!isEnough(text))
        {
            var read = await child.Output.ReceiveAsync(buffer.AsMemory(), SocketFlags.None).AsTask().WaitAsync(StdioFixture.Patience);
            if (read == 0)
            {
                break;
            }

            text += Encoding.UTF8.GetString(buffer, 0, read);
        }

        return text;
    }
}
