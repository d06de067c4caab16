using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>
/// Sends what is due in the outbox, some at once, and writes down how it went. Replicas share the work by leases. A delivery is made at least once:
/// a gateway that dies between sending and writing down has it sent again, under the same delivery id.
/// </summary>
internal sealed class WebhookDispatcher(
    OutboxStore store, RegistryWriter registry, WebhookSender webhooks, MailSender mails, TimeProvider time, ILogger<WebhookDispatcher> logger)
{
    private const int AtOnce = 16;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Far longer than an attempt may take.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan HousekeepingPause = TimeSpan.FromHours(1);
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    private DateTimeOffset _nextHousekeeping;
    private bool _isDown;

    /// <summary>Until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ticks = new PeriodicTimer(Tick, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stopping))
            {
                await TrySendAllAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the gateway. What was being sent is tried again when its lease ends.
        }
    }

    /// <summary>Tries everything that is due at this moment; how many attempts these were. One caller at a time.</summary>
    public async Task<int> SendDueAsync(CancellationToken stopping)
    {
        var sent = 0;
        while (await store.ClaimAsync(time.GetUtcNow(), Lease, DeliveryPlan.Patience, AtOnce, stopping) is { Count: > 0 } due)
        {
            await Task.WhenAll(due.Select(delivery => SendAsync(delivery, stopping)));
            sent += due.Count;
        }

        return sent;
    }

    private async Task TrySendAllAsync(CancellationToken stopping)
    {
        try
        {
            await SendDueAsync(stopping);
            var now = time.GetUtcNow();
            if (now >= _nextHousekeeping)
            {
                _nextHousekeeping = now + HousekeepingPause;
                await store.RemoveBeforeAsync(now - Retention, stopping);
            }

            _isDown = false;
        }
        catch (StoreUnavailableException exception)
        {
            if (!_isDown)
            {
                _isDown = true;
                logger.OutboxUnavailable(exception.Message);
            }
        }
    }

    private async Task SendAsync(DueDelivery delivery, CancellationToken stopping)
    {
        var attempt = await (delivery.Url.Scheme == Uri.UriSchemeMailto ? mails.SendAsync(delivery, stopping) : webhooks.SendAsync(delivery, stopping));
        var pause = attempt.Failure is null ? null : DeliveryPlan.PauseAfter(attempt.Number, Random.Shared.NextDouble());
        var failingSince = await store.CompleteAsync(delivery, attempt, time.GetUtcNow() + pause, stopping);
        if (attempt.Failure is not null)
        {
            logger.DeliveryFailed(delivery.WebhookId, delivery.Id, attempt.Number, attempt.Failure, attempt.Status);
        }

        if (time.GetUtcNow() - failingSince >= DeliveryPlan.DeadAfter)
        {
            await DisableAsync(delivery, attempt.Failure, stopping);
        }
    }

    /// <summary>By the registry, as an administrator would, so that the change is recorded like any other; the organization is told.</summary>
    private async Task DisableAsync(DueDelivery delivery, string? failure, CancellationToken stopping)
    {
        WebhookConfig? disabled = null;
        var refusal = await registry.ChangeAsync(
            new Author(AuditActor.System, null),
            state =>
            {
                disabled = state.Webhooks.FirstOrDefault(webhook => webhook.Id == delivery.WebhookId && !webhook.Disabled);
                return disabled is null ? Plan.Nothing : Plan.Write(new SaveWebhook(disabled with { Disabled = true }));
            },
            stopping);
        if (disabled is null || refusal is not null)
        {
            return;
        }

        logger.WebhookDisabled(disabled.Id, DeliveryPlan.DeadAfter.TotalDays);
        await store.RaiseAsync(
            new Alert(disabled.OrganizationId, AlertKind.WebhookDisabled, time.GetUtcNow(), null, disabled.Id, disabled.Name, failure), stopping);
    }
}
