using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>What a reading means for what is known of an upstream. A failure never takes away what was known before.</summary>
internal static class RefreshResult
{
    public static UpstreamOffer Merge(UpstreamOffer before, CatalogFetch fetch, DateTimeOffset now)
    {
        var missing = CatalogKinds.None;
        var lists = new CatalogList[CatalogKindTraits.Count];
        foreach (var kind in CatalogKindTraits.Each)
        {
            var (old, read) = (before.Catalog?[kind] ?? CatalogList.Empty, fetch[kind]);
            lists[(int)kind] = read is null || read.SameAs(old) ? old : read;
            missing |= read is null ? kind.AsFlag() : CatalogKinds.None;
        }

        var catalog = fetch.Peer is null ? before.Catalog : new UpstreamCatalog(fetch.Peer, lists, now);
        var gap = missing == CatalogKinds.None ? CatalogGap.None
            : fetch.Error?.Kind == ErrorKind.UpstreamTimeout ? CatalogGap.Timeout
            : CatalogGap.Unavailable;
        return new UpstreamOffer(catalog, new UpstreamStatus(gap, missing));
    }

    public static void Report(ILogger logger, RefreshWatch watch, UpstreamOffer offer, CatalogKinds changes, GatewayError? error)
    {
        var id = watch.UpstreamId;
        if (offer.Status.Gap != CatalogGap.None)
        {
            ReportFailure(logger, watch, offer.Status, error);
        }

        if (offer.Catalog is { } catalog && changes != CatalogKinds.None)
        {
            Report(logger, id, catalog, changes);
        }
        else if (offer.Status.Gap == CatalogGap.None)
        {
            Log.CatalogUnchanged(logger, id);
        }
    }

    /// <summary>One warning when it begins: an upstream that stays away is not worth one a minute.</summary>
    private static void ReportFailure(ILogger logger, RefreshWatch watch, UpstreamStatus status, GatewayError? error)
    {
        var attempt = watch.Failures + 1;
        var delay = RefreshWatch.DelayAfter(attempt);
        var detail = error?.Detail ?? error?.Message ?? "There is no connection to it";
        Enum kinds = status.Kinds;
        Log.CatalogNotRead(logger, attempt == 1 ? LogLevel.Warning : LogLevel.Debug, watch.UpstreamId, kinds, attempt, delay, detail);
    }

    private static void Report(ILogger logger, Guid id, UpstreamCatalog catalog, CatalogKinds changes)
    {
        Log.CatalogChanged(
            logger,
            id,
            catalog[CatalogKind.Tools].Entries.Length,
            catalog[CatalogKind.Prompts].Entries.Length,
            catalog[CatalogKind.Resources].Entries.Length,
            catalog[CatalogKind.ResourceTemplates].Entries.Length);
        foreach (var kind in CatalogKindTraits.Each)
        {
            if ((changes & kind.AsFlag()) != 0)
            {
                Report(logger, id, kind, catalog[kind]);
            }
        }
    }

    private static void Report(ILogger logger, Guid upstreamId, CatalogKind kind, CatalogList list)
    {
        var findings = list.Findings;
        if (findings.Malformed + findings.Duplicates > 0)
        {
            Log.CatalogEntriesLeftOut(logger, upstreamId, kind, findings.Malformed, findings.Duplicates);
        }

        foreach (var (tool, fault) in findings.BadHeaders)
        {
            Log.ToolLeftOut(logger, upstreamId, tool, fault);
        }

        if (findings.CutShort is { } reason)
        {
            Log.CatalogListCut(logger, upstreamId, kind, list.Entries.Length, reason);
        }
    }
}
