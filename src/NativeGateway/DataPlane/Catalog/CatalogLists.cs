using System.Buffers;
using System.Buffers.Text;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>What a list is written for.</summary>
internal readonly record struct ListRequest
{
    public required WorkspaceCatalog Catalog { get; init; }

    public required CatalogKind Kind { get; init; }

    public required Permissions Caller { get; init; }

    /// <summary>Lists one upstream with the names that it gave; null lists the aggregate.</summary>
    public CatalogPart? Single { get; init; }

    /// <summary>The client's raw cursor token; empty for the first page.</summary>
    public ReadOnlyMemory<byte> Cursor { get; init; }

    public required bool IsModern { get; init; }

    /// <summary>The gateway's own <c>serverInfo</c> as raw JSON, for the <c>_meta</c> of modern results.</summary>
    public ReadOnlyMemory<byte> ServerInfo { get; init; }

    /// <summary>The list leaves something of an upstream out, or shows it from memory, as far as the caller may know of the upstream.</summary>
    public bool Lacks(CatalogPart part) =>
        (Single is null || Single.Upstream.Id == part.Upstream.Id)
        && part.GapOf(Kind) != CatalogGap.None
        && Caller.AllowsServer(part.Upstream);
}

/// <summary>
/// Writes the <c>result</c> of the four list methods (server/tools, server/prompts, server/resources). Entries are copied as their upstream
/// wrote them, except for the places that <see cref="CatalogEntry.Splices"/> names.
/// </summary>
/// <param name="cursorKey">Authenticates cursors. Replicas that share it understand each other's.</param>
internal sealed class CatalogLists(ReadOnlyMemory<byte> cursorKey)
{
    public const int PageSize = 1000;

    private const int FreshMilliseconds = 60_000;
    private const int IncompleteMilliseconds = 5_000;

    /// <summary>Writes nothing when it returns an error.</summary>
    public GatewayError? Write(IBufferWriter<byte> writer, in ListRequest request)
    {
        var scope = ScopeOf(request);
        var position = 0;
        if (!request.Cursor.IsEmpty)
        {
            var fault = CatalogCursor.Read(request.Cursor.Span, cursorKey.Span, scope, out position);
            if (fault != CursorFault.None)
            {
                return new GatewayError(ErrorKind.InvalidParams, fault == CursorFault.Expired
                    ? "The list has changed since this cursor was given; start again without a cursor"
                    : "Invalid cursor");
            }
        }

        writer.Write("{\""u8);
        writer.Write(request.Kind.ListMember());
        writer.Write("\":["u8);
        var next = new PageWriter(writer, request).Write(position);
        writer.Write("]"u8);
        if (next >= 0)
        {
            WriteCursor(writer, scope, next);
        }

        WriteTail(writer, request);
        return null;
    }

    private static CursorScope ScopeOf(in ListRequest request)
    {
        var version = request.Catalog.Tables.Versions[(int)request.Kind];
        return new CursorScope(request.Catalog.Workspace.Id, request.Single?.Upstream.Id ?? Guid.Empty, request.Kind, version);
    }

    private void WriteCursor(IBufferWriter<byte> writer, in CursorScope scope, int position)
    {
        writer.Write(",\"nextCursor\":\""u8);
        CatalogCursor.Write(writer.GetSpan(CatalogCursor.Length), cursorKey.Span, scope, position);
        writer.Advance(CatalogCursor.Length);
        writer.Write("\""u8);
    }

    /// <summary>Cache hints and <c>_meta</c>; legacy clients get only the note about what is missing.</summary>
    private static void WriteTail(IBufferWriter<byte> writer, in ListRequest request)
    {
        var marks = new IncompleteMarks(writer, request);
        var hasMarks = marks.Any();
        if (request.IsModern)
        {
            writer.Write(",\"resultType\":\"complete\",\"ttlMs\":"u8);
            WriteNumber(writer, hasMarks ? IncompleteMilliseconds : FreshMilliseconds);
            writer.Write(",\"cacheScope\":\"private\""u8);
        }

        var hasInfo = request.IsModern && !request.ServerInfo.IsEmpty;
        var separator = ",\"_meta\":{\""u8;
        if (hasInfo)
        {
            writer.Write(separator);
            writer.Write(MetaKeys.ServerInfo);
            writer.Write("\":"u8);
            writer.Write(request.ServerInfo.Span);
            separator = ",\""u8;
        }

        if (hasMarks)
        {
            writer.Write(separator);
            writer.Write(MetaKeys.Incomplete);
            writer.Write("\":["u8);
            marks.Write();
            writer.Write("]"u8);
        }

        writer.Write(hasInfo || hasMarks ? "}}"u8 : "}"u8);
    }

    private static void WriteNumber(IBufferWriter<byte> writer, int number)
    {
        Utf8Formatter.TryFormat(number, writer.GetSpan(11), out var length);
        writer.Advance(length);
    }

    /// <summary>Names the upstreams whose lists are missing or old, as far as the caller may know of them.</summary>
    private readonly struct IncompleteMarks(IBufferWriter<byte> writer, ListRequest request)
    {
        public bool Any()
        {
            foreach (var part in request.Catalog.Parts)
            {
                if (request.Lacks(part))
                {
                    return true;
                }
            }

            return false;
        }

        public void Write()
        {
            var separator = "{\"server\":\""u8;
            foreach (var part in request.Catalog.Parts)
            {
                if (request.Lacks(part))
                {
                    writer.Write(separator);
                    writer.Write(part.Upstream.KeyUtf8);
                    writer.Write("\",\"reason\":\""u8);
                    writer.Write(Text(part.GapOf(request.Kind)));
                    writer.Write(part[request.Kind].Entries.Length > 0 ? "\",\"stale\":true}"u8 : "\",\"stale\":false}"u8);
                    separator = ",{\"server\":\""u8;
                }
            }
        }

        private static ReadOnlySpan<byte> Text(CatalogGap gap) => gap switch
        {
            CatalogGap.Starting => "starting"u8,
            CatalogGap.Timeout => "timeout"u8,
            _ => "unavailable"u8,
        };
    }
}
