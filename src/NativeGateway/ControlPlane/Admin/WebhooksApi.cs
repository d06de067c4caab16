using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/webhooks</c> of the caller's organization, or of any for an administrator of the instance.</summary>
internal sealed class WebhooksApi(RegistryWriter registry, Creations creations, OutboxStore outbox, TimeProvider time)
{
    private const string Path = "/webhooks";

    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        return Page.Answer(request, state.Webhooks.Where(one => request.Sees(one.OrganizationId)), one => $"{one.Name}\0{one.Id}", WebhookJson.Write);
    }

    public async Task<AdminAnswer> GetAsync(AdminRequest request) =>
        Show(request, await registry.LoadAsync(request.ClientGone), request.Id, WebhookJson.Write) ?? AdminAnswer.Of(TenantRules.Unknown);

    public async Task<AdminAnswer> CreateAsync(AdminRequest request)
    {
        var now = time.GetUtcNow();
        var blank = new WebhookConfig
        {
            Id = Guid.CreateVersion7(now), OrganizationId = default, Name = "", Url = new Uri("https://invalid"), Secret = WebhookSigner.NewSecret(), CreatedAt = now,
        };
        var answer = await creations.CreateAsync(
            request, Path, blank.Id.ToString(), state => PlanCreation(request, state, blank), (state, id) => Show(request, state, id, WebhookJson.Write));
        return answer.Problem is not null || answer.IsReplayed ? answer : await WithSecretAsync(request, answer, blank.Id);
    }

    public Task<AdminAnswer> UpdateAsync(AdminRequest request) => request.IfMatch is null
        ? Task.FromResult(AdminAnswer.Of(Problem.PreconditionRequired()))
        : ChangeAsync(request, (state, webhook) =>
        {
            var reading = ConfigReading.OfJson();
            var next = WebhookBody.Change(request, StoredSettings.Effective(state, registry.File), webhook, reading);
            return TenantRules.FaultsOf(reading) is { } faults ? new Plan([], faults) : Plan.Write(new SaveWebhook(next));
        });

    public async Task<AdminAnswer> DeleteAsync(AdminRequest request)
    {
        var refusal = await registry.ChangeAsync(
            request.Author, state => Check(request, state, (_, webhook) => Plan.Write(new DeleteWebhook(webhook.Id))), request.ClientGone);
        return refusal is null ? AdminAnswer.Nothing : AdminAnswer.Of(refusal);
    }

    public async Task<AdminAnswer> RotateAsync(AdminRequest request)
    {
        var secret = WebhookSigner.NewSecret();
        var answer = await ChangeAsync(request, (_, webhook) => Plan.Write(new SaveWebhook(webhook with { Secret = secret })));
        return answer.Problem is not null ? answer : await WithSecretAsync(request, answer, Guid.Parse(request.Id));
    }

    /// <summary>How it went stands among the deliveries a moment later.</summary>
    public async Task<AdminAnswer> TestAsync(AdminRequest request)
    {
        if (Find(request, await registry.LoadAsync(request.ClientGone), request.Id) is not { } webhook)
        {
            return AdminAnswer.Of(TenantRules.Unknown);
        }

        if (webhook.Disabled)
        {
            return AdminAnswer.Of(new Refusal(RefusalKind.Conflict, "it is disabled; enable it first"));
        }

        await outbox.RaiseToAsync(
            webhook.Id,
            new Alert(webhook.OrganizationId, AlertKind.WebhookTest, time.GetUtcNow(), null, webhook.Id, webhook.Name, null),
            request.ClientGone);
        return AdminAnswer.Nothing;
    }

    public async Task<AdminAnswer> DeliveriesAsync(AdminRequest request)
    {
        if (Find(request, await registry.LoadAsync(request.ClientGone), request.Id) is not { } webhook)
        {
            return AdminAnswer.Of(TenantRules.Unknown);
        }

        return await Page.AnswerNewestAsync(
            request, (before, most) => outbox.ListDeliveriesAsync(webhook.Id, before, most, request.ClientGone), one => one.Id, WebhookJson.Write);
    }

    private Plan PlanCreation(AdminRequest request, RegistryConfig state, WebhookConfig blank)
    {
        var reading = ConfigReading.OfJson();
        var webhook = WebhookBody.Read(request, state, StoredSettings.Effective(state, registry.File), blank, reading);
        var present = state.Webhooks.Count(one => one.OrganizationId == webhook.OrganizationId);
        return (TenantRules.FaultsOf(reading) ?? TenantRules.TooMany(present, TenantRules.MostWebhooks, "webhooks")) is { } why
            ? new Plan([], why)
            : Plan.Write(new SaveWebhook(webhook));
    }

    private async Task<AdminAnswer> ChangeAsync(AdminRequest request, Func<RegistryConfig, WebhookConfig, Plan> plan)
    {
        var refusal = await registry.ChangeAsync(request.Author, state => Check(request, state, plan), request.ClientGone);
        return refusal is null ? await GetAsync(request) : AdminAnswer.Of(refusal);
    }

    private static Plan Check(AdminRequest request, RegistryConfig state, Func<RegistryConfig, WebhookConfig, Plan> plan) =>
        Find(request, state, request.Id) is not { } webhook ? TenantRules.UnknownPlan
        : EntityTag.Check(request.IfMatch, EntityTag.Of(webhook.Version)) is { } outdated ? new Plan([], outdated)
        : plan(state, webhook);

    private static WebhookConfig? Find(AdminRequest request, RegistryConfig state, string id) => Guid.TryParseExact(id, "D", out var wanted)
        ? state.Webhooks.FirstOrDefault(one => one.Id == wanted && request.Sees(one.OrganizationId))
        : null;

    private static AdminAnswer? Show(AdminRequest request, RegistryConfig state, string id, Action<Utf8JsonWriter, WebhookConfig> write) =>
        Find(request, state, id) is { } webhook
            ? AdminAnswer.Of(json => write(json, webhook)) with { ETag = EntityTag.Of(webhook.Version) }
            : null;

    /// <summary>The answer once more, with the secret in it.</summary>
    private async Task<AdminAnswer> WithSecretAsync(AdminRequest request, AdminAnswer answer, Guid id) =>
        Show(request, await registry.LoadAsync(request.ClientGone), id.ToString(), WebhookJson.WriteIssued) is { } issued
            ? answer with { Content = issued.Content, ETag = issued.ETag }
            : answer;
}
