using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>How an alert is shown, by the API and to webhooks alike.</summary>
internal static class AlertJson
{
    public static void Write(Utf8JsonWriter json, StoredAlert stored)
    {
        var alert = stored.Alert;
        json.WriteString("id", stored.Id.ToString(CultureInfo.InvariantCulture));
        json.WriteString("type", alert.Kind.Label());
        json.WriteTime("at", alert.At);
        json.WriteString("organizationId", alert.OrganizationId);
        if (alert.WorkspaceId is { } workspace)
        {
            json.WriteString("workspaceId", workspace);
        }

        json.WriteStartObject(alert.Kind.IsOfServer() ? "server" : "webhook");
        json.WriteString("id", alert.SubjectId);
        json.WriteString("name", alert.Subject);
        json.WriteEndObject();
        json.WriteString("reason", alert.Reason);
    }
}
