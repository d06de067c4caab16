using Microsoft.Extensions.Logging;
using NativeGateway.Model;

namespace NativeGateway.Telemetry;

/// <summary>Quotas and shared limits. Event ids 3500–3549; next free: 3506.</summary>
internal static partial class Log
{
    [LoggerMessage(3500, LogLevel.Error, "Quotas cannot be asked for; soft ones go on, hard ones for one hundredth of their limit: {Reason}")]
    public static partial void QuotasLost(this ILogger logger, string reason);

    [LoggerMessage(3501, LogLevel.Information, "Quotas can be asked for again")]
    public static partial void QuotasBack(this ILogger logger);

    [LoggerMessage(3502, LogLevel.Warning, "The rest of quota {Kind} of organization {OrganizationId}, {Amount}, could not be given back: {Reason}")]
    public static partial void QuotaNotSettled(this ILogger logger, Guid organizationId, QuotaKind kind, long amount, string reason);

    [LoggerMessage(3503, LogLevel.Error, "Limits cannot be shared now; this process takes its part of what was last known: {Reason}")]
    public static partial void LimitsLost(this ILogger logger, string reason);

    [LoggerMessage(3504, LogLevel.Information, "Limits are shared again")]
    public static partial void LimitsBack(this ILogger logger);

    [LoggerMessage(3505, LogLevel.Information, "Limits are shared by {Replicas} replicas")]
    public static partial void LimitsShared(this ILogger logger, int replicas);
}
