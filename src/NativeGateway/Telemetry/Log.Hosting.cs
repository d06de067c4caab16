using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Start, stop, configuration and registry. Event ids 1000–1199; 1000 is the log's own; next free: 1025. Never a configured value.</summary>
internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Information, "Listening on {Address}")]
    public static partial void Listening(this ILogger logger, string address);

    [LoggerMessage(1002, LogLevel.Information, "Stopping: no new connections; what runs has {Seconds} s to finish")]
    public static partial void Draining(this ILogger logger, double seconds);

    [LoggerMessage(1003, LogLevel.Information, "Stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(1004, LogLevel.Warning, "Configuration: {Warning}")]
    public static partial void ConfigurationWarning(this ILogger logger, string warning);

    [LoggerMessage(1005, LogLevel.Error, "Configuration not reloaded, what runs is kept: {Fault}")]
    public static partial void ConfigurationFault(this ILogger logger, string fault);

    [LoggerMessage(1006, LogLevel.Information, "Configuration file reloaded: {Upstreams} upstreams, {Keys} keys")]
    public static partial void ConfigurationReloaded(this ILogger logger, int upstreams, int keys);

    [LoggerMessage(1007, LogLevel.Warning, "Configuration: a change of {Members} takes effect after a restart")]
    public static partial void RestartNeeded(this ILogger logger, string members);

    [LoggerMessage(1008, LogLevel.Warning, "The certificate files cannot be used, the former certificate stays: {Reason}")]
    public static partial void CertificateNotReloaded(this ILogger logger, string reason);

    [LoggerMessage(1009, LogLevel.Information, "Certificate loaded, valid until {NotAfter:u}")]
    public static partial void CertificateLoaded(this ILogger logger, DateTimeOffset notAfter);

    [LoggerMessage(1010, LogLevel.Information, "Registry revision {Revision} is in use: {Upstreams} upstreams, {Keys} keys")]
    public static partial void RegistryLoaded(this ILogger logger, long revision, int upstreams, int keys);

    [LoggerMessage(1011, LogLevel.Error, "Registry revision {Revision} has a fault, the former one stays in use: {Fault}")]
    public static partial void RegistryFault(this ILogger logger, long revision, string fault);

    [LoggerMessage(1012, LogLevel.Error, "The database cannot be reached; the gateway serves on with what it has loaded: {Reason}")]
    public static partial void DatabaseLost(this ILogger logger, string reason);

    [LoggerMessage(1013, LogLevel.Information, "The database can be reached again")]
    public static partial void DatabaseBack(this ILogger logger);

    [LoggerMessage(1014, LogLevel.Warning, "Registry revision {Revision}: {Warning}")]
    public static partial void RegistryWarning(this ILogger logger, long revision, string warning);

    [LoggerMessage(1015, LogLevel.Warning, "The list of upstream {UpstreamId} could not be kept: {Reason}")]
    public static partial void CatalogNotKept(this ILogger logger, Guid upstreamId, string reason);

    [LoggerMessage(1016, LogLevel.Warning, "The database cannot be reached yet, trying again: {Reason}")]
    public static partial void DatabaseAwaited(this ILogger logger, string reason);

    [LoggerMessage(1017, LogLevel.Critical, "Background task {Number} failed, and the gateway stops")]
    public static partial void BackgroundTaskFailed(this ILogger logger, Exception? exception, int number);

    [LoggerMessage(1018, LogLevel.Warning, "Some requests did not finish in time and were cut off")]
    public static partial void DrainIncomplete(this ILogger logger);

    [LoggerMessage(1024, LogLevel.Warning, "{RequestId}: administration needs the database: {Reason}")]
    public static partial void AdministrationWithoutDatabase(this ILogger logger, string requestId, string reason);

    [LoggerMessage(1019, LogLevel.Error, "A request failed in the gateway: {RequestId}")]
    public static partial void RequestFault(this ILogger logger, Exception exception, string requestId);
}
