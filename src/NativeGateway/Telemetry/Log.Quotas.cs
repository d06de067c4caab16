using Microsoft.Extensions.Logging;
using NativeGateway.Model;

namespace NativeGateway.Telemetry;

/// <summary>Quotas. Event ids 3500–3549; next free: 3503.</summary>
internal static partial class Log
{
    [LoggerMessage(3500, LogLevel.Error, "Quotas cannot be asked for; soft ones go on, hard ones for one hundredth of their limit: {Reason}")]
    public static partial void QuotasLost(this ILogger logger, string reason);

    [LoggerMessage(3501, LogLevel.Information, "Quotas can be asked for again")]
    public static partial void QuotasBack(this ILogger logger);

    [LoggerMessage(3502, LogLevel.Warning, "The rest of quota {Kind} of organization {OrganizationId}, {Amount}, could not be given back: {Reason}")]
    public static partial void QuotaNotSettled(this ILogger logger, Guid organizationId, QuotaKind kind, long amount, string reason);
}
