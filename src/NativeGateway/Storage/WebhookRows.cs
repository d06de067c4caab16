using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>Webhooks ↔ rows, the same for both databases. Addresses and signing secrets are sealed.</summary>
internal sealed class WebhookRows(SecretBox secrets)
{
    public const string Columns = "id, organization_id, name, url, secret, events, disabled, created_at, version";

    private const string UrlPurpose = "webhook url";
    private const string SecretPurpose = "webhook secret";

    public WebhookConfig Webhook(DbDataReader row)
    {
        var id = row.GetGuid(0);
        return new WebhookConfig
        {
            Id = id,
            OrganizationId = row.GetGuid(1),
            Name = row.GetString(2),
            Url = Url(id, Rows.Bytes(row, 3)),
            Secret = Secret(id, Rows.Bytes(row, 4)),
            Events = Array.ConvertAll(row.GetString(5).Split(' ', StringSplitOptions.RemoveEmptyEntries), Kind),
            Disabled = row.GetBoolean(6),
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(7)),
            Version = row.GetInt64(8),
        };
    }

    /// <summary>Whatever is saved gets a new chance: what it failed at before was perhaps what is mended.</summary>
    public Column[] Row(WebhookConfig webhook) =>
    [
        new("id", webhook.Id),
        new("organization_id", webhook.OrganizationId),
        new("name", webhook.Name),
        new("url", secrets.Seal(UrlPurpose, webhook.Id.ToString(), webhook.Url.OriginalString)),
        new("secret", secrets.Seal(SecretPurpose, webhook.Id.ToString(), webhook.Secret)),
        new("events", string.Join(' ', webhook.Events.Select(kind => kind.Label()))),
        new("disabled", webhook.Disabled),
        new("created_at", webhook.CreatedAt.ToUnixTimeMilliseconds()),
        new("failing_since", null),
    ];

    private static AlertKind Kind(string label) => AlertKinds.Find(label) ?? throw new FormatException($"'{label}' is no kind of alert.");

    public Uri Url(Guid webhookId, byte[] box) => new(secrets.Open(UrlPurpose, webhookId.ToString(), box));

    public string Secret(Guid webhookId, byte[] box) => secrets.Open(SecretPurpose, webhookId.ToString(), box);
}
