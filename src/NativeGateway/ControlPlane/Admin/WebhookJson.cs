using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>How webhooks and their deliveries are shown. Never the secret, except for the one moment when it is made.</summary>
internal static class WebhookJson
{
    public static void Write(Utf8JsonWriter json, WebhookConfig webhook)
    {
        json.WriteString("id", webhook.Id);
        json.WriteString("organizationId", webhook.OrganizationId);
        json.WriteString("name", webhook.Name);
        json.WriteString("url", Shown(webhook.Url));
        WriteRest(json, webhook);
        json.WriteTime("createdAt", webhook.CreatedAt);
    }

    /// <summary>With the secret that was just made, where something is signed with it: the one time that it is seen.</summary>
    public static void WriteIssued(Utf8JsonWriter json, WebhookConfig webhook)
    {
        if (webhook.Url.Scheme != Uri.UriSchemeMailto)
        {
            json.WriteString("secret", webhook.Secret);
        }

        Write(json, webhook);
    }

    /// <summary>What can be changed, to be changed.</summary>
    public static void WriteEntry(Utf8JsonWriter json, WebhookConfig webhook)
    {
        json.WriteString("name", webhook.Name);
        json.WriteString("url", webhook.Url.OriginalString);
        WriteRest(json, webhook);
    }

    /// <summary>The place only: paths and queries of webhooks are secrets as a rule. An e-mail address is a place.</summary>
    public static string Shown(Uri url) => url.Scheme == Uri.UriSchemeMailto ? url.OriginalString
        : url.PathAndQuery == "/" ? url.AbsoluteUri : url.GetLeftPart(UriPartial.Authority) + "/" + ServerJson.Hidden;

    private static void WriteRest(Utf8JsonWriter json, WebhookConfig webhook)
    {
        json.WriteTexts("events", webhook.Events.Select(kind => kind.Label()));
        json.WriteBoolean("disabled", webhook.Disabled);
    }

    public static void Write(Utf8JsonWriter json, Delivery delivery)
    {
        json.WriteString("id", delivery.Id.ToString(CultureInfo.InvariantCulture));
        json.WriteString("state", delivery.State.Label());
        json.WriteTime("createdAt", delivery.CreatedAt);
        json.WriteTime("nextAttemptAt", delivery.NextAt);
        json.WriteStartObject("alert");
        AlertJson.Write(json, delivery.Alert);
        json.WriteEndObject();
        json.WriteStartArray("attempts");
        foreach (var attempt in delivery.Log)
        {
            json.WriteStartObject();
            json.WriteNumber("number", attempt.Number);
            json.WriteTime("at", attempt.At);
            json.WriteNumber("durationMs", (long)attempt.Duration.TotalMilliseconds);
            if (attempt.Status is { } status)
            {
                json.WriteNumber("status", status);
            }

            json.WriteString("failure", attempt.Failure);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
