using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>Catalog: 2400–2499, next free 2410.</summary>
internal static partial class Log
{
    [LoggerMessage(2400, LogLevel.Information,
        "Upstream {UpstreamId} offers {Tools} tools, {Prompts} prompts, {Resources} resources, {Templates} resource templates")]
    public static partial void CatalogChanged(ILogger logger, Guid upstreamId, int tools, int prompts, int resources, int templates);

    [LoggerMessage(EventId = 2401, Message =
        "Lists of upstream {UpstreamId} ({Kinds}) cannot be read, attempt {Attempt}; what was known stays, next attempt in {Delay}. {Detail}")]
    public static partial void CatalogNotRead(
        ILogger logger, LogLevel level, Guid upstreamId, Enum kinds, int attempt, TimeSpan delay, string detail);

    [LoggerMessage(2402, LogLevel.Warning,
        "List {Kind} of upstream {UpstreamId}: left out {Malformed} malformed entries and {Duplicates} with a name that stood there before")]
    public static partial void CatalogEntriesLeftOut(ILogger logger, Guid upstreamId, Enum kind, int malformed, int duplicates);

    [LoggerMessage(2403, LogLevel.Warning, "Tool {Tool} of upstream {UpstreamId} is left out: {Fault}")]
    public static partial void ToolLeftOut(ILogger logger, Guid upstreamId, string tool, string fault);

    [LoggerMessage(2404, LogLevel.Warning, "List {Kind} of upstream {UpstreamId} is cut after {Count} entries: {Reason}")]
    public static partial void CatalogListCut(ILogger logger, Guid upstreamId, Enum kind, int count, string reason);

    [LoggerMessage(2405, LogLevel.Warning,
        "{Kind} name {Name} of upstream {Loser} is hidden in workspace {WorkspaceId}: upstream {Winner} stands before it with the same name. Give one of them another prefix")]
    public static partial void ExposedNameLost(ILogger logger, Enum kind, string name, string winner, string loser, Guid workspaceId);

    [LoggerMessage(2406, LogLevel.Warning, "The stored catalog of upstream {UpstreamId} is damaged or of another version, and dropped; the upstream will be asked")]
    public static partial void StoredCatalogDropped(ILogger logger, Guid upstreamId);

    [LoggerMessage(2407, LogLevel.Error, "Reading the lists of upstream {UpstreamId} met a bug in the gateway")]
    public static partial void CatalogRefreshFaulted(ILogger logger, Guid upstreamId, Exception fault);

    [LoggerMessage(2408, LogLevel.Error, "A handler of a change in the catalog of upstream {UpstreamId} met a bug in the gateway")]
    public static partial void CatalogHandlerFaulted(ILogger logger, Guid upstreamId, Exception fault);

    [LoggerMessage(2409, LogLevel.Debug, "Lists of upstream {UpstreamId} are read again: unchanged")]
    public static partial void CatalogUnchanged(ILogger logger, Guid upstreamId);
}
