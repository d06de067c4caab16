using NativeGateway.DataPlane.Upstream;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>To the guard, being disposed and the death of the gateway are the same: its stdin closes.</summary>
public sealed class OrphanGuardTests
{
    [Fact]
    public async Task Groups_that_the_gateway_leaves_behind_are_killed()
    {
        var guard = new OrphanGuard(new KeptLogs());
        await using var first = await StartStubbornAsync();
        await using var second = await StartStubbornAsync();
        await guard.AddAsync(first.Id);
        await guard.AddAsync(second.Id);

        await guard.DisposeAsync();

        Assert.Equal(128 + 9, await first.Exited.WaitAsync(StdioFixture.Patience));
        Assert.Equal(128 + 9, await second.Exited.WaitAsync(StdioFixture.Patience));
    }

    [Fact]
    public async Task Groups_that_were_removed_are_left_alone()
    {
        var guard = new OrphanGuard(new KeptLogs());
        await using var removed = await StartStubbornAsync();
        await using var kept = await StartStubbornAsync();
        await guard.AddAsync(removed.Id);
        await guard.AddAsync(kept.Id);
        await guard.RemoveAsync(removed.Id);

        await guard.DisposeAsync();

        await kept.Exited.WaitAsync(StdioFixture.Patience);
        Assert.Single(ProcessGroup.Living(removed.Id));
    }

    [Fact]
    public async Task A_process_that_ended_before_is_not_killed_again()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        await fixture.OpenAsync();
        await fixture.Upstream.DisposeAsync();

        await fixture.Guard.DisposeAsync();

        Assert.DoesNotContain(fixture.Logs.Lines, line => line.Contains("may outlive", StringComparison.Ordinal));
    }

    private static async Task<ChildProcess> StartStubbornAsync() =>
        (await ChildProcess.StartAsync(StdioFixture.Command("sleep", ["1000"])).WaitAsync(StdioFixture.Patience)).Process!;
}
