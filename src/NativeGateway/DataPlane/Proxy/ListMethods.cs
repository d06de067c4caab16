using System.Buffers;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// <c>tools/list</c>, <c>prompts/list</c>, <c>resources/list</c> and <c>resources/templates/list</c>, answered from the catalog: at once, whatever
/// state the upstreams are in, and without what the caller may not use.
/// </summary>
internal sealed class ListMethods(
    CatalogTable catalogs, CatalogRefresher refresher, CatalogLists lists, ReadOnlyMemory<byte> gatewayInfo, Metrics metrics)
{
    /// <summary>How long a list waits for upstreams of which nothing is known yet. Known ones are shown from the catalog.</summary>
    private static readonly TimeSpan DiscoveryBudget = TimeSpan.FromSeconds(5);

    public async ValueTask<GatewayError?> AnswerAsync(Exchange exchange)
    {
        if (KindOf(exchange.Message.MethodCode) is not { } kind)
        {
            return RevisionGate.UnknownMethod(exchange);
        }

        var workspace = exchange.Caller.Workspace!;
        await refresher.EnsureKnownAsync(workspace, DiscoveryBudget, exchange.ClientGone).ConfigureAwait(false);
        var catalog = catalogs.For(workspace);
        CatalogPart? single = null;
        if (exchange.Single is { } one && !catalog.TryGetPart(one.Id, out single))
        {
            return new GatewayError(ErrorKind.UpstreamUnavailable, $"The server '{one.Key}' is being removed.");
        }

        var result = new ArrayBufferWriter<byte>(4096);
        var request = new ListRequest
        {
            Catalog = catalog,
            Kind = kind,
            Caller = exchange.Caller.Permissions,
            Single = single,
            Cursor = exchange.Message.Cursor.IsPresent ? exchange.Body.Slice(exchange.Message.Cursor.Start, exchange.Message.Cursor.Length) : default,
            IsModern = exchange.Revision.IsModern,
            ServerInfo = gatewayInfo,
        };
        var error = lists.Write(result, request);
        if (error is null)
        {
            CountGaps(request);
            await LocalMethods.ReplyAsync(exchange, result.WrittenMemory).ConfigureAwait(false);
        }

        return error;
    }

    private void CountGaps(in ListRequest request)
    {
        foreach (var part in request.Catalog.Parts)
        {
            if (request.Lacks(part))
            {
                metrics.RecordIncomplete(part.Upstream.Key);
            }
        }
    }

    private static CatalogKind? KindOf(McpMethod method) => method switch
    {
        McpMethod.ToolsList => CatalogKind.Tools,
        McpMethod.PromptsList => CatalogKind.Prompts,
        McpMethod.ResourcesList => CatalogKind.Resources,
        McpMethod.ResourceTemplatesList => CatalogKind.ResourceTemplates,
        _ => null,
    };
}
