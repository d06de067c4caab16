using System.Text.Json;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Notify;

[Collection(PostgresCollection.Name)]
public sealed class WebhookDispatcherTests(PostgresCluster cluster)
{
    private readonly TestClock _clock = new(Samples.Noon);

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task A_receiver_that_fails_twice_gets_the_alert_signed_at_the_third_attempt()
    {
        await using var database = TempDatabase.Sqlite();
        await using var replica = await NotifyingReplica.StartAsync(database, _clock);
        await using var receiver = await WebhookReceiver.StartAsync(500, 429);
        var webhook = await replica.AddWebhookAsync(receiver.Url, Samples.Noon);
        await replica.RaiseAsync(Samples.Noon);

        Assert.Equal(1, await replica.Dispatcher.SendDueAsync(None));
        Assert.Equal(0, await replica.Dispatcher.SendDueAsync(None));
        _clock.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal(1, await replica.Dispatcher.SendDueAsync(None));
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(0, await replica.Dispatcher.SendDueAsync(None));
        _clock.Advance(TimeSpan.FromSeconds(17));
        Assert.Equal(1, await replica.Dispatcher.SendDueAsync(None));
        _clock.Advance(TimeSpan.FromHours(3));
        Assert.Equal(0, await replica.Dispatcher.SendDueAsync(None));

        Assert.All(receiver.All, one => Assert.True(one.IsSignedWith(webhook.Secret)));
        Assert.All(receiver.All, one => Assert.Equal("server.down", one.Event));
        Assert.Single(receiver.All.Select(one => one.Delivery).Distinct());
        var body = JsonDocument.Parse(receiver.All.Last().Body).RootElement;
        Assert.Equal(("server.down", "github"), (body.GetProperty("type").GetString(), body.GetProperty("server").GetProperty("name").GetString()));
        var delivery = await replica.ReadDeliveryAsync(webhook);
        Assert.Equal(DeliveryState.Delivered, delivery.State);
        Assert.Equal([(500, "refused"), (429, "refused"), (204, null)], delivery.Log.Select(one => (one.Status!.Value, one.Failure)));
    }

    [Fact]
    public async Task Two_replicas_on_one_database_send_every_alert_once()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await NotifyingReplica.StartAsync(database, _clock);
        await using var other = await NotifyingReplica.StartAsync(database, _clock);
        await using var receiver = await WebhookReceiver.StartAsync();
        await one.AddWebhookAsync(receiver.Url, Samples.Noon);
        var servers = Enumerable.Range(0, 40).Select(_ => Guid.NewGuid()).ToArray();

        // Both notice every outage.
        await Task.WhenAll(servers.SelectMany(server => new[] { one.RaiseAsync(Samples.Noon, server), other.RaiseAsync(Samples.Noon, server) }));
        var sent = await Task.WhenAll(one.Dispatcher.SendDueAsync(None), other.Dispatcher.SendDueAsync(None));

        Assert.Equal(servers.Length, sent.Sum());
        Assert.Equal(servers.Length, receiver.All.Count);
        Assert.Equal(servers.Length, receiver.All.Select(got => got.Delivery).Distinct().Count());
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var database = TempDatabase.Sqlite();
        await using var replica = await NotifyingReplica.StartAsync(database, _clock);
        await using var receiver = await WebhookReceiver.StartAsync(307);
        var webhook = await replica.AddWebhookAsync(receiver.Url, Samples.Noon);
        await replica.RaiseAsync(Samples.Noon);

        await replica.Dispatcher.SendDueAsync(None);

        Assert.Equal("/hook", Assert.Single(receiver.All).Path);
        Assert.Equal((307, "redirect"), await FirstAttemptAsync(replica, webhook));
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_is_left_after_ten_seconds()
    {
        await using var database = TempDatabase.Sqlite();
        await using var replica = await NotifyingReplica.StartAsync(database, _clock);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var webhook = await replica.AddWebhookAsync(receiver.Url, Samples.Noon);
        await replica.RaiseAsync(Samples.Noon);

        var sending = replica.Dispatcher.SendDueAsync(None);
        await receiver.Hanging.Task.WaitAsync(TestTime.Limit);
        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(1, await sending.WaitAsync(TestTime.Limit));
        Assert.Equal((null, "timeout"), await FirstAttemptAsync(replica, webhook));
    }

    [Theory]
    [InlineData("https://127.0.0.1:1/", "private_address")]
    [InlineData("https://[::ffff:10.0.0.1]/", "private_address")]
    [InlineData("https://0x7f000001/", "private_address")]
    [InlineData("https://localhost/", "private_address")]
    [InlineData("http://example.com/", "not_https")]
    public async Task Places_that_the_operator_does_not_allow_are_not_reached(string url, string failure)
    {
        await using var database = TempDatabase.Sqlite();
        await using var replica = await NotifyingReplica.StartAsync(database, _clock, allowsPrivate: false);
        var webhook = await replica.AddWebhookAsync(new Uri(url), Samples.Noon);
        await replica.RaiseAsync(Samples.Noon);

        await replica.Dispatcher.SendDueAsync(None);

        Assert.Equal((null, failure), await FirstAttemptAsync(replica, webhook));
    }

    [Fact]
    public async Task A_webhook_that_accepts_nothing_for_days_is_disabled_and_that_is_told()
    {
        await using var database = TempDatabase.Sqlite();
        await using var replica = await NotifyingReplica.StartAsync(database, _clock);
        await using var receiver = await WebhookReceiver.StartAsync(500, 500);
        await replica.AddWebhookAsync(receiver.Url, Samples.Noon);
        await replica.RaiseAsync(Samples.Noon, Guid.NewGuid());
        await replica.Dispatcher.SendDueAsync(None);
        Assert.False((await replica.ReadWebhookAsync()).Disabled);

        _clock.Advance(DeliveryPlan.DeadAfter);
        await replica.RaiseAsync(_clock.GetUtcNow(), Guid.NewGuid());
        await replica.Dispatcher.SendDueAsync(None);

        Assert.True((await replica.ReadWebhookAsync()).Disabled);
        Assert.Equal(AlertKind.WebhookDisabled, (await replica.ReadAlertsAsync())[0].Alert.Kind);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await replica.Dispatcher.SendDueAsync(None));
    }

    [Fact]
    public void Attempts_are_further_apart_each_and_end_within_a_day()
    {
        var pauses = Enumerable.Range(1, DeliveryPlan.MostAttempts).Select(attempt => DeliveryPlan.PauseAfter(attempt, 1)).ToArray();

        Assert.Null(pauses[^1]);
        Assert.Equal(pauses[..^1].Order(), pauses[..^1]);
        Assert.True(pauses[..^1].Aggregate(TimeSpan.Zero, (sum, pause) => sum + pause!.Value) < DeliveryPlan.Patience);
    }

    private static async Task<(int?, string?)> FirstAttemptAsync(NotifyingReplica replica, WebhookConfig webhook)
    {
        var attempt = Assert.Single((await replica.ReadDeliveryAsync(webhook)).Log);
        return (attempt.Status, attempt.Failure);
    }
}
