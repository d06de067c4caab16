using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Alerts and webhooks. Event ids 3400–3449; next free: 3404. Webhooks by their ids, never by address; nothing of what they answer but the status.</summary>
internal static partial class Log
{
    [LoggerMessage(3400, LogLevel.Information, "Alert {Kind} for upstream {Upstream}")]
    public static partial void AlertRaised(this ILogger logger, string kind, string upstream);

    [LoggerMessage(3401, LogLevel.Warning, "Alerts cannot be kept or sent for now; they are tried again: {Reason}")]
    public static partial void OutboxUnavailable(this ILogger logger, string reason);

    [LoggerMessage(3402, LogLevel.Warning, "Webhook {Webhook}: attempt {Attempt} of delivery {Delivery} failed ({Failure}, status {Status})")]
    public static partial void DeliveryFailed(this ILogger logger, Guid webhook, long delivery, int attempt, string failure, int? status);

    [LoggerMessage(3403, LogLevel.Warning, "Webhook {Webhook} accepted nothing for {Days} days and is disabled")]
    public static partial void WebhookDisabled(this ILogger logger, Guid webhook, double days);
}
