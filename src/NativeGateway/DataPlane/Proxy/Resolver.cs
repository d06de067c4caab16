using System.Text;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Decides where a message goes: to the gateway's own methods (the target stays null) or to one upstream, under that upstream's own name for the
/// tool, prompt or resource. Stands before the permission check, because a permission is granted on what a name resolves to.
/// </summary>
internal sealed class Resolver(CatalogTable catalogs, CatalogRefresher refresher, TaskIds tasks)
{
    /// <summary>How long a call waits for upstreams of which nothing is known yet, before its name counts as unknown.</summary>
    private static readonly TimeSpan DiscoveryBudget = TimeSpan.FromSeconds(5);

    /// <summary>The upstream of <c>/mcp/{server}</c>. Unknown, disabled and foreign ones look alike.</summary>
    public static GatewayError? ResolveEndpoint(Exchange exchange)
    {
        var name = exchange.Head.UpstreamName.Span;
        if (name.IsEmpty)
        {
            return null;
        }

        if (!exchange.Caller.Workspace!.ByName.TryGet(name, out var upstream))
        {
            return new GatewayError(ErrorKind.UnknownUpstream, "There is no server of this name in your workspace.");
        }

        exchange.Single = upstream;
        return exchange.Caller.Permissions.AllowsServer(upstream)
            ? null
            : new GatewayError(ErrorKind.Forbidden, "This key may not use this server.");
    }

    public ValueTask<GatewayError?> ResolveAsync(Exchange exchange)
    {
        exchange.Marks.Stage = CallStage.Resolve;
        if (exchange.Message.Kind != RpcKind.Request || IsLocal(exchange))
        {
            return default;
        }

        if (exchange.Message.MethodCode == McpMethod.TasksList || exchange.Message.MethodCode.IsOfTask())
        {
            return new ValueTask<GatewayError?>(ResolveTask(exchange));
        }

        if (exchange.Single is { } single)
        {
            return new ValueTask<GatewayError?>(ResolveSingle(exchange, single));
        }

        return exchange.Message.MethodCode switch
        {
            McpMethod.ToolsCall => ResolveNamedAsync(exchange, CatalogKind.Tools, "tool"),
            McpMethod.PromptsGet => ResolveNamedAsync(exchange, CatalogKind.Prompts, "prompt"),
            McpMethod.ResourcesRead or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe => new(ResolveUri(exchange)),
            McpMethod.CompletionComplete => exchange.Message.Name.IsPresent
                ? ResolveNamedAsync(exchange, CatalogKind.Prompts, "prompt")
                : new(ResolveUri(exchange)),
            _ => new(RevisionGate.UnknownMethod(exchange)),
        };
    }

    private static bool IsLocal(Exchange exchange) => exchange.Message.MethodCode switch
    {
        McpMethod.Initialize or McpMethod.Ping or McpMethod.ServerDiscover or McpMethod.LoggingSetLevel or McpMethod.SubscriptionsListen => true,

        // One unrestricted upstream answers its lists itself, byte for byte; every other list is filtered or merged here.
        McpMethod.ToolsList => exchange.Single is not { } one
            || !one.Tools.AllowsEverything || !exchange.Caller.Permissions.Tools.AllowsEverything,
        McpMethod.PromptsList => exchange.Single is null || !exchange.Caller.Permissions.Prompts.AllowsEverything,
        McpMethod.ResourcesList or McpMethod.ResourceTemplatesList =>
            exchange.Single is null || !exchange.Caller.Permissions.Resources.AllowsEverything,
        _ => false,
    };

    private GatewayError? ResolveSingle(Exchange exchange, Model.Upstream single)
    {
        exchange.Target = single;
        ref readonly var message = ref exchange.Message;
        var named = message.MethodCode switch
        {
            McpMethod.ToolsCall or McpMethod.PromptsGet => message.Name,
            _ => message.Uri.IsPresent ? message.Uri : message.Name,
        };
        if (!named.IsPresent)
        {
            return null;
        }

        if (!TryGetText(exchange, named, out var text))
        {
            return new GatewayError(ErrorKind.InvalidParams, "The name or uri in params must be a string.");
        }

        exchange.SentName = exchange.OwnName = text;
        if (message.MethodCode is McpMethod.ToolsCall or McpMethod.PromptsGet
            && catalogs.For(exchange.Caller.Workspace!).TryGetPart(single.Id, out var part)
            && part[message.MethodCode == McpMethod.ToolsCall ? CatalogKind.Tools : CatalogKind.Prompts].TryGet(text.Span, out var entry))
        {
            exchange.CatalogName = entry.Name;
            exchange.HeaderParameters = entry.HeaderParameters;
            exchange.WrapsOutput = entry.WrapsOutput;
        }

        return null;
    }

    private async ValueTask<GatewayError?> ResolveNamedAsync(Exchange exchange, CatalogKind kind, string noun)
    {
        if (!TryGetText(exchange, exchange.Message.Name, out var text))
        {
            return new GatewayError(ErrorKind.InvalidParams, "params.name must be a string.");
        }

        var workspace = exchange.Caller.Workspace!;
        if (!catalogs.For(workspace).TryResolve(kind, text.Span, exchange.Caller.Permissions, out var route))
        {
            await refresher.EnsureKnownAsync(workspace, DiscoveryBudget, exchange.ClientGone).ConfigureAwait(false);
            if (!catalogs.For(workspace).TryResolve(kind, text.Span, exchange.Caller.Permissions, out route))
            {
                return Unknown(noun, text.Span);
            }
        }

        exchange.SentName = text;
        exchange.Target = route.Upstream;
        exchange.OwnName = exchange.CatalogName = route.Entry.Name;
        exchange.HeaderParameters = route.Entry.HeaderParameters;
        exchange.WrapsOutput = route.Entry.WrapsOutput;
        exchange.OwnNameToken = route.OwnNameToken;
        return null;
    }

    private GatewayError? ResolveUri(Exchange exchange)
    {
        if (!TryGetText(exchange, exchange.Message.Uri, out var text))
        {
            return new GatewayError(ErrorKind.InvalidParams, "params.uri must be a string.");
        }

        var scratch = new byte[text.Length];
        if (!catalogs.For(exchange.Caller.Workspace!).TryResolveUri(text.Span, scratch, out var part, out var ownUri))
        {
            byte[] data = [.. "{\"uri\":"u8, .. exchange.Text(exchange.Message.Uri), .. "}"u8];
            return new GatewayError(ErrorKind.ResourceNotFound, "Resource not found.") { Data = data };
        }

        exchange.SentName = text;
        exchange.Target = part.Upstream;
        exchange.OwnName = ownUri.ToArray();
        exchange.OwnNameToken = JsonText.Quote(Encoding.UTF8.GetString(ownUri));
        return null;
    }

    /// <summary>
    /// Tasks exist where both sides speak of them in the same way: between legacy peers on <c>/mcp/{server}</c>, between modern ones everywhere.
    /// Nobody gets a list of them, because an upstream's list is that of all its clients.
    /// </summary>
    private GatewayError? ResolveTask(Exchange exchange)
    {
        var isCarried = exchange.Message.MethodCode.IsOfTask()
            && (exchange.Single is { } one ? !IsOfOtherEra(exchange, one) : exchange.Revision.IsModern);
        if (!isCarried)
        {
            return RevisionGate.UnknownMethod(exchange);
        }

        if (exchange.Revision.IsModern && !TaskIds.IsDeclared(exchange))
        {
            return CallEnds.MissingTasks;
        }

        if (!TryGetText(exchange, exchange.Message.TaskId, out var text)
            || tasks.Open(exchange.Caller, text.Span) is not { } task
            || (exchange.Single is { } single && single.Id != task.UpstreamId)
            || !catalogs.For(exchange.Caller.Workspace!).TryGetPart(task.UpstreamId, out var part))
        {
            return new GatewayError(ErrorKind.InvalidParams, "Unknown task.");
        }

        exchange.SentName = text;
        exchange.Target = part.Upstream;
        exchange.OwnName = task.OwnId;
        exchange.OwnNameToken = JsonText.Quote(Encoding.UTF8.GetString(task.OwnId));
        return null;
    }

    private bool IsOfOtherEra(Exchange exchange, Model.Upstream upstream) =>
        catalogs.OfferOf(upstream.Id).Catalog is { } catalog && catalog.Peer.Revision.IsModern != exchange.Revision.IsModern;

    private static GatewayError Unknown(string noun, ReadOnlySpan<byte> name) =>
        new(ErrorKind.InvalidParams, $"Unknown {noun}: {Encoding.UTF8.GetString(name)}");

    /// <summary>The text of a string token of the body: a part of the body itself, unless it is written with escapes.</summary>
    private static bool TryGetText(Exchange exchange, ByteRange token, out ReadOnlyMemory<byte> text)
    {
        text = default;
        if (!token.IsPresent)
        {
            return false;
        }

        var raw = exchange.Text(token);
        if (raw[0] != '"')
        {
            return false;
        }

        if (!raw.Contains((byte)'\\'))
        {
            text = exchange.Body.Slice(token.Start + 1, token.Length - 2);
            return true;
        }

        // Half of an escaped surrogate pair is no text.
        if (JsonText.GetString(raw) is not { } unescaped)
        {
            return false;
        }

        text = Encoding.UTF8.GetBytes(unescaped);
        return true;
    }
}
