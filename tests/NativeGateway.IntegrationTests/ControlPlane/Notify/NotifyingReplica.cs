using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Notify;

/// <summary>Everything of one gateway that makes and sends alerts, on a database that it may share with others.</summary>
internal sealed class NotifyingReplica : IAsyncDisposable
{
    private readonly Stores _stores;
    private readonly HttpUpstreamClients _clients = new();

    private NotifyingReplica(Stores stores, TimeProvider time, bool allowsPrivate, MailServer? mail)
    {
        _stores = stores;
        var settings = GatewaySettings.Default with { AllowPrivateUpstreams = allowsPrivate, Mail = mail };
        var snapshots = new SnapshotHolder(SnapshotBuilder.Build(RegistryConfig.Empty, [Server], [], settings, false, [])!);
        var registry = new RegistryWriter(stores.Registry, new RegistryReader(stores.Registry), time, () => FileConfig.Empty);
        Watch = new AlertWatch(stores.Outbox, snapshots, time, NullLogger<AlertWatch>.Instance);
        Dispatcher = new WebhookDispatcher(
            stores.Outbox, registry, new WebhookSender(_clients, snapshots, time), new MailSender(snapshots, time), time, NullLogger<WebhookDispatcher>.Instance);
    }

    /// <summary>The one server that all replicas have.</summary>
    public static UpstreamConfig Server { get; } = new()
    {
        Id = new Guid("018f0000-0000-7000-8000-000000000001"),
        WorkspaceId = DefaultTenant.WorkspaceId,
        Key = "github",
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints = [new EndpointConfig(new Uri("https://example.com/mcp"), null, 0, 1)],
        Source = ConfigSource.File,
    };

    public OutboxStore Outbox => _stores.Outbox;

    public AlertWatch Watch { get; }

    public WebhookDispatcher Dispatcher { get; }

    public static async Task<NotifyingReplica> StartAsync(TempDatabase database, TimeProvider time, bool allowsPrivate = true, MailServer? mail = null)
    {
        var stores = StoreFactory.Open(database.Uri, Samples.Secrets());
        await stores.Registry.MigrateAsync(CancellationToken.None);
        var present = await stores.Registry.LoadAsync(CancellationToken.None);
        if (present.Organizations.Count == 0)
        {
            await stores.Registry.CommitAsync(
                new RegistryChange([new SaveOrganization(DefaultTenant.Organization), new SaveWorkspace(DefaultTenant.Workspace)], null), CancellationToken.None);
        }

        return new NotifyingReplica(stores, time, allowsPrivate, mail);
    }

    public async Task<WebhookConfig> AddWebhookAsync(Uri url, DateTimeOffset now)
    {
        var webhook = new WebhookConfig
        {
            Id = Guid.NewGuid(), OrganizationId = DefaultTenant.OrganizationId, Name = "hook", Url = url, Secret = WebhookSigner.NewSecret(), CreatedAt = now,
        };
        Assert.Equal(StoreConflict.None, await _stores.Registry.CommitAsync(new RegistryChange([new SaveWebhook(webhook)], null), CancellationToken.None));
        return webhook;
    }

    public async Task<WebhookConfig> ReadWebhookAsync() => Assert.Single((await _stores.Registry.LoadAsync(CancellationToken.None)).Webhooks);

    public async Task<Delivery> ReadDeliveryAsync(WebhookConfig webhook) =>
        Assert.Single(await Outbox.ListDeliveriesAsync(webhook.Id, long.MaxValue, 10, CancellationToken.None));

    public Task<IReadOnlyList<StoredAlert>> ReadAlertsAsync() => Outbox.ListAlertsAsync(DefaultTenant.OrganizationId, long.MaxValue, 100, CancellationToken.None);

    public Task RaiseAsync(DateTimeOffset at, Guid? server = null) => Outbox.RaiseAsync(
        new Alert(DefaultTenant.OrganizationId, AlertKind.ServerDown, at, DefaultTenant.WorkspaceId, server ?? Server.Id, Server.Key, "it refuses connections"),
        CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        _clients.Dispose();
        await _stores.DisposeAsync();
    }
}
