using System.Buffers;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// Reads everything that one upstream offers, once. What was read stays readable when the rest fails or the time is up: one broken list does
/// not take the others with it.
/// </summary>
internal sealed class CatalogFetch(ReadOnlyMemory<byte> clientInfo)
{
    public const int MaxPages = 200;

    private readonly CatalogList?[] _lists = new CatalogList?[CatalogKindTraits.Count];

    /// <summary>Null as long as no session could be opened.</summary>
    public UpstreamPeer? Peer { get; private set; }

    /// <summary>The first failure, if there was any.</summary>
    public GatewayError? Error { get; set; }

    /// <summary>A list changed while it was being read.</summary>
    public bool HasChangedMeanwhile { get; private set; }

    /// <summary>A list as read to its end; null when that failed. A list that the upstream does not offer is empty.</summary>
    public CatalogList? this[CatalogKind kind] => _lists[(int)kind];

    public async Task ReadAsync(IUpstreamConnection connection, CancellationToken cancellationToken)
    {
        var opening = await connection.OpenAsync(ClientCapabilities.None, cancellationToken);
        if (opening.Session is not { } session)
        {
            Error = opening.Error;
            return;
        }

        Peer = session.Peer;
        var capabilities = PeerCapabilities.Read(Peer.Capabilities);
        await Task.WhenAll(CatalogKindTraits.Each.Select(async kind =>
            _lists[(int)kind] = capabilities.Offers(kind) ? await ReadListAsync(session, kind, cancellationToken) : CatalogList.Empty));
    }

    private async Task<CatalogList?> ReadListAsync(IUpstreamSession session, CatalogKind kind, CancellationToken cancellationToken)
    {
        var list = new CatalogListBuilder(kind);
        var cursors = new HashSet<byte[]>(Utf8Comparer.Instance);
        byte[]? cursor = null;
        for (var pages = 0; !list.IsCut; pages++)
        {
            var page = await ReadPageAsync(session, list, cursor, cancellationToken);
            if (page.IsUnknownMethod && cursor is null)
            {
                // Capabilities promise more than some servers have, above all of resources/templates/list.
                return CatalogList.Empty;
            }

            if (page.Error is not null)
            {
                Error ??= page.Error;
                return null;
            }

            cursor = page.NextCursor;
            if (cursor is null)
            {
                break;
            }

            if (!cursors.Add(cursor))
            {
                list.Cut("it gave the same cursor twice");
            }
            else if (pages + 1 == MaxPages)
            {
                list.Cut("it has too many pages");
            }
        }

        return list.Build();
    }

    private readonly record struct Page(byte[]? NextCursor, GatewayError? Error, bool IsUnknownMethod = false);

    private async Task<Page> ReadPageAsync(
        IUpstreamSession session, CatalogListBuilder list, byte[]? cursor, CancellationToken cancellationToken)
    {
        var sending = await session.SendAsync(BuildRequest(session, list.Kind, cursor), cancellationToken);
        if (sending.Reply is not { } reply)
        {
            return new Page(null, sending.Error);
        }

        await using (reply)
        {
            while (true)
            {
                var received = await reply.ReadAsync(cancellationToken);
                if (received.Error is not null)
                {
                    return new Page(null, received.Error);
                }

                if (received.Message.IsResponse)
                {
                    return ReadResponse(received, list);
                }

                await HandleAsync(session, received, cancellationToken);
            }
        }
    }

    private static Page ReadResponse(in UpstreamReceived received, CatalogListBuilder list)
    {
        if (received.Message.Kind == RpcKind.Error)
        {
            var code = received.Message.ErrorCode;
            return new Page(null, NoList(list.Kind, $"was answered with error {code}"), code == -32601);
        }

        return CatalogJson.TryReadPage(received.Message.Result.Of(received.Bytes.Span), list, out var next)
            ? new Page(next, null)
            : new Page(null, NoList(list.Kind, "was answered with something that is no list"));
    }

    private static GatewayError NoList(CatalogKind kind, string what) =>
        new(ErrorKind.UpstreamProtocol, "The upstream gave no list")
        {
            Detail = $"{System.Text.Encoding.ASCII.GetString(McpMethods.Text(kind.ListMethod()))} {what}",
        };

    /// <summary>What an upstream says before it answers. It is asked as a client without capabilities, so all that it may request is a ping.</summary>
    private async Task HandleAsync(IUpstreamSession session, UpstreamReceived received, CancellationToken cancellationToken)
    {
        var method = received.Message.MethodCode;
        if (received.Message.Kind == RpcKind.Notification)
        {
            if (method is McpMethod.NotifyToolsListChanged or McpMethod.NotifyPromptsListChanged or McpMethod.NotifyResourcesListChanged)
            {
                HasChangedMeanwhile = true;
            }

            return;
        }

        var answer = new ArrayBufferWriter<byte>(128);
        answer.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        answer.Write(received.Message.Id.Of(received.Bytes.Span));
        answer.Write(method == McpMethod.Ping
            ? ",\"result\":{}}"u8
            : ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}"u8);
        await session.PostAsync(answer.WrittenMemory, cancellationToken);
    }

    private UpstreamRequest BuildRequest(IUpstreamSession session, CatalogKind kind, byte[]? cursor)
    {
        var id = new byte[20];
        id = id[..session.NextId(id)];
        var method = kind.ListMethod();
        var message = new ArrayBufferWriter<byte>(256);
        message.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        message.Write(id);
        message.Write(",\"method\":\""u8);
        message.Write(McpMethods.Text(method));
        message.Write("\",\"params\":{"u8);
        if (cursor is not null)
        {
            message.Write("\"cursor\":"u8);
            message.Write(cursor);
        }

        if (session.Peer.Revision.IsModern)
        {
            message.Write(cursor is null ? ""u8 : ","u8);
            WriteMeta(message, session.Peer.Revision);
        }

        message.Write("}}"u8);
        var request = new UpstreamRequest { Id = id, Method = method, MethodText = McpMethods.Text(method).ToArray() };
        request.Message.Reset(message.WrittenMemory);
        return request;
    }

    private void WriteMeta(ArrayBufferWriter<byte> message, ProtocolRevision revision)
    {
        message.Write("\"_meta\":{\""u8);
        message.Write(MetaKeys.ProtocolVersion);
        message.Write("\":"u8);
        message.Write(revision.Token.Span);
        if (!clientInfo.IsEmpty)
        {
            message.Write(",\""u8);
            message.Write(MetaKeys.ClientInfo);
            message.Write("\":"u8);
            message.Write(clientInfo.Span);
        }

        message.Write(",\""u8);
        message.Write(MetaKeys.ClientCapabilities);
        message.Write("\":{}}"u8);
    }
}
