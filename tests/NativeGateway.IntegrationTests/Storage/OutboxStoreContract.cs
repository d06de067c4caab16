using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>What every outbox does, whatever lies below it.</summary>
public abstract class OutboxStoreContract : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    private readonly OrganizationConfig _acme = Samples.Organization();
    private readonly OrganizationConfig _other = Samples.Organization("other");
    private readonly Guid _server = Guid.NewGuid();
    private TempDatabase? _database;
    private Stores? _stores;

    private static CancellationToken None => CancellationToken.None;

    private OutboxStore Store => _stores!.Outbox;

    public async Task InitializeAsync()
    {
        _database = await CreateDatabaseAsync();
        _stores = StoreFactory.Open(_database.Uri, Samples.Secrets());
        await _stores.Registry.MigrateAsync(None);
        await SaveAsync(new SaveOrganization(_acme), new SaveOrganization(_other));
    }

    public async Task DisposeAsync()
    {
        await _stores!.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task A_webhook_is_kept_as_it_was_saved()
    {
        var webhook = Webhook("one") with { Events = [AlertKind.ServerDown, AlertKind.WebhookDisabled], Disabled = true };
        await SaveAsync(new SaveWebhook(webhook));
        await SaveAsync(new SaveWebhook(webhook with { Name = "renamed" }));

        var read = Assert.Single((await _stores!.Registry.LoadAsync(None)).Webhooks);

        Assert.Equal(webhook.Events, read.Events);
        Assert.Equal(webhook with { Name = "renamed", Version = 2, Events = read.Events }, read);
    }

    [Fact]
    public async Task An_alert_goes_to_those_webhooks_of_its_organization_that_take_it()
    {
        await SaveAsync(
            new SaveWebhook(Webhook("all")),
            new SaveWebhook(Webhook("down") with { Events = [AlertKind.ServerDegraded, AlertKind.ServerDown] }),
            new SaveWebhook(Webhook("recovered") with { Events = [AlertKind.ServerRecovered] }),
            new SaveWebhook(Webhook("disabled") with { Disabled = true }),
            new SaveWebhook(Webhook("foreign", _other)));

        Assert.True(await Store.RaiseAsync(Down(), None));
        var due = await ClaimAsync(Samples.Noon);

        Assert.Equal(["https://all.example.com/x?token=t", "https://down.example.com/x?token=t"], due.Select(one => one.Url.OriginalString).Order(StringComparer.Ordinal));
        Assert.All(due, one => Assert.Equal((Down(), 1, "whsec_1"), (one.Alert.Alert, one.Attempt, one.Secret)));
        Assert.Equal(Down(), Assert.Single(await Store.ListAlertsAsync(_acme.Id, long.MaxValue, 10, None)).Alert);
        Assert.Empty(await Store.ListAlertsAsync(_other.Id, long.MaxValue, 10, None));
    }

    [Fact]
    public async Task What_was_told_last_is_not_told_again_and_recovery_only_after_something_else()
    {
        Assert.False(await Store.RaiseAsync(Down() with { Kind = AlertKind.ServerRecovered }, None));
        Assert.True(await Store.RaiseAsync(Down(), None));
        Assert.False(await Store.RaiseAsync(Down(), None));
        Assert.True(await Store.RaiseAsync(Down() with { Kind = AlertKind.ServerDegraded }, None));
        Assert.True(await Store.RaiseAsync(Down() with { Kind = AlertKind.ServerRecovered }, None));
        Assert.False(await Store.RaiseAsync(Down() with { Kind = AlertKind.ServerRecovered }, None));

        var told = await Store.ListAlertsAsync(_acme.Id, long.MaxValue, 10, None);
        Assert.Equal([AlertKind.ServerRecovered, AlertKind.ServerDegraded, AlertKind.ServerDown], told.Select(one => one.Alert.Kind));
        Assert.Equal([AlertKind.ServerDown], (await Store.ListAlertsAsync(_acme.Id, told[1].Id, 10, None)).Select(one => one.Alert.Kind));
    }

    [Fact]
    public async Task What_is_being_tried_is_left_alone_until_its_lease_ends()
    {
        var webhook = await RaiseToOneAsync();
        var first = Assert.Single(await ClaimAsync(Samples.Noon));

        Assert.Empty(await ClaimAsync(Samples.Noon.AddSeconds(59)));
        var second = Assert.Single(await ClaimAsync(Samples.Noon.AddSeconds(60)));

        Assert.Equal((first.Id, 2), (second.Id, second.Attempt));
        Assert.Null(await Store.CompleteAsync(first, Failed(1), null, None));
        Assert.Equal(DeliveryState.Pending, Assert.Single(await DeliveriesAsync(webhook)).State);
        Assert.Null(await Store.CompleteAsync(second, Accepted(2), null, None));
        var done = Assert.Single(await DeliveriesAsync(webhook));
        Assert.Equal((DeliveryState.Delivered, 2, null), (done.State, done.Attempts, done.NextAt));
        Assert.Equal([Accepted(2)], done.Log);
    }

    [Fact]
    public async Task A_failed_attempt_is_tried_again_when_it_is_said_and_no_more_after_the_last()
    {
        var webhook = await RaiseToOneAsync();
        var first = Assert.Single(await ClaimAsync(Samples.Noon));
        Assert.Equal(Samples.Noon, await Store.CompleteAsync(first, Failed(1), Samples.Noon.AddMinutes(5), None));

        Assert.Empty(await ClaimAsync(Samples.Noon.AddMinutes(4)));
        var second = Assert.Single(await ClaimAsync(Samples.Noon.AddMinutes(5)));
        Assert.Equal(Samples.Noon, await Store.CompleteAsync(second, Failed(2), null, None));

        Assert.Empty(await ClaimAsync(Samples.Noon.AddHours(5)));
        var given = Assert.Single(await DeliveriesAsync(webhook));
        Assert.Equal(DeliveryState.Failed, given.State);
        Assert.Equal([Failed(1), Failed(2)], given.Log);
    }

    [Fact]
    public async Task A_disabled_webhook_waits_and_what_became_too_old_expires()
    {
        var webhook = await RaiseToOneAsync();
        await SaveAsync(new SaveWebhook(webhook with { Disabled = true }));
        Assert.Empty(await ClaimAsync(Samples.Noon.AddHours(1)));

        await SaveAsync(new SaveWebhook(webhook));
        Assert.Empty(await ClaimAsync(Samples.Noon.AddHours(25)));

        Assert.Equal(DeliveryState.Expired, Assert.Single(await DeliveriesAsync(webhook)).State);
    }

    [Fact]
    public async Task Deliveries_go_with_their_webhook_and_with_their_alert()
    {
        var webhook = await RaiseToOneAsync();
        Assert.Single(await ClaimAsync(Samples.Noon));
        await Store.RemoveBeforeAsync(Samples.Noon.AddDays(1), None);
        Assert.Empty(await DeliveriesAsync(webhook));
        Assert.Empty(await Store.ListAlertsAsync(_acme.Id, long.MaxValue, 10, None));

        await Store.RaiseToAsync(webhook.Id, Down() with { Kind = AlertKind.WebhookTest }, None);
        await SaveAsync(new DeleteWebhook(webhook.Id));
        Assert.Empty(await ClaimAsync(Samples.Noon));
        await SaveAsync(new DeleteOrganization(_acme.Id));
    }

    private protected abstract Task<TempDatabase> CreateDatabaseAsync();

    private static DeliveryAttempt Failed(int number) => new(number, Samples.Noon, TimeSpan.FromMilliseconds(12), 503, "refused");

    private static DeliveryAttempt Accepted(int number) => new(number, Samples.Noon, TimeSpan.FromMilliseconds(12), 204, null);

    private Alert Down() => new(_acme.Id, AlertKind.ServerDown, Samples.Noon, Guid.Empty, _server, "github", "it refuses connections");

    private WebhookConfig Webhook(string name, OrganizationConfig? owner = null) => new()
    {
        Id = Guid.NewGuid(), OrganizationId = (owner ?? _acme).Id, Name = name, Url = new Uri($"https://{name}.example.com/x?token=t"), Secret = "whsec_1", CreatedAt = Samples.Noon,
    };

    private async Task<WebhookConfig> RaiseToOneAsync()
    {
        var webhook = Webhook("one");
        await SaveAsync(new SaveWebhook(webhook));
        Assert.True(await Store.RaiseAsync(Down(), None));
        return webhook;
    }

    private Task<IReadOnlyList<DueDelivery>> ClaimAsync(DateTimeOffset now) => Store.ClaimAsync(now, Lease, Patience, 10, None);

    private Task<IReadOnlyList<Delivery>> DeliveriesAsync(WebhookConfig webhook) => Store.ListDeliveriesAsync(webhook.Id, long.MaxValue, 10, None);

    private async Task SaveAsync(params RegistryWrite[] writes) =>
        Assert.Equal(StoreConflict.None, await _stores!.Registry.CommitAsync(new RegistryChange(writes, null), None));
}

public sealed class SqliteOutboxStoreTests : OutboxStoreContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => Task.FromResult(TempDatabase.Sqlite());
}

[Collection(PostgresCollection.Name)]
public sealed class PostgresOutboxStoreTests(PostgresCluster cluster) : OutboxStoreContract
{
    private protected override Task<TempDatabase> CreateDatabaseAsync() => cluster.CreateDatabaseAsync();
}
