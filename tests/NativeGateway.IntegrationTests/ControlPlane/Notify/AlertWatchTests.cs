using NativeGateway.ControlPlane.Notify;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Notify;

public sealed class AlertWatchTests : IAsyncLifetime
{
    private readonly TestClock _clock = new(Samples.Noon);
    private readonly TempDatabase _database = TempDatabase.Sqlite();
    private NotifyingReplica? _replica;

    private NotifyingReplica Replica => _replica!;

    public async Task InitializeAsync() => _replica = await NotifyingReplica.StartAsync(_database, _clock);

    public async Task DisposeAsync()
    {
        await Replica.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task An_outage_is_told_at_once_and_recovery_when_it_has_lasted()
    {
        await BecomeAsync(HealthVerdict.Down, "it refuses connections");
        await BecomeAsync(HealthVerdict.Healthy);
        Assert.Equal([AlertKind.ServerDown], await ToldAsync());

        _clock.Advance(AlertWatch.Settling);
        await Replica.Watch.TellDueAsync(CancellationToken.None);

        Assert.Equal([AlertKind.ServerDown, AlertKind.ServerRecovered], await ToldAsync());
        Assert.Equal("it refuses connections", (await Replica.ReadAlertsAsync())[^1].Alert.Reason);
    }

    [Fact]
    public async Task A_server_that_comes_and_goes_is_told_of_once()
    {
        for (var turn = 0; turn < 20; turn++)
        {
            await BecomeAsync(HealthVerdict.Down);
            _clock.Advance(AlertWatch.Settling / 2);
            await BecomeAsync(HealthVerdict.Healthy);
            _clock.Advance(AlertWatch.Settling / 2);
        }

        Assert.Equal([AlertKind.ServerDown], await ToldAsync());
    }

    [Fact]
    public async Task What_gets_worse_is_told_at_once_and_a_first_use_is_no_news()
    {
        await BecomeAsync(HealthVerdict.Healthy);
        _clock.Advance(AlertWatch.Settling);
        await Replica.Watch.TellDueAsync(CancellationToken.None);
        Assert.Empty(await ToldAsync());

        await BecomeAsync(HealthVerdict.Degraded);
        await BecomeAsync(HealthVerdict.NeedsSignIn);
        await BecomeAsync(HealthVerdict.Unknown);

        Assert.Equal([AlertKind.ServerDegraded, AlertKind.ServerNeedsSignIn], await ToldAsync());
    }

    [Fact]
    public async Task A_server_that_is_not_there_any_more_is_not_told_of()
    {
        Replica.Watch.Note(new VerdictChanged(Guid.NewGuid(), "gone", Samples.Noon, 0, HealthVerdict.Unknown, HealthVerdict.Down, HealthVerdict.Down, null));
        await Replica.Watch.TellDueAsync(CancellationToken.None);

        Assert.Empty(await ToldAsync());
    }

    private async Task BecomeAsync(HealthVerdict verdict, string? reason = null)
    {
        Replica.Watch.Note(new VerdictChanged(
            NotifyingReplica.Server.Id, NotifyingReplica.Server.Key, _clock.GetUtcNow(), 0, HealthVerdict.Unknown, verdict, verdict, reason));
        await Replica.Watch.TellDueAsync(CancellationToken.None);
    }

    private async Task<IEnumerable<AlertKind>> ToldAsync() => (await Replica.ReadAlertsAsync()).Reverse().Select(one => one.Alert.Kind);
}
