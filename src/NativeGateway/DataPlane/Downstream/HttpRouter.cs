using Microsoft.AspNetCore.Http;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>The paths of the HTTP interface. One switch instead of the framework's routing: there are few paths, and the first one is the hot one.</summary>
/// <param name="sse">Null where clients get no sessions: of this transport a connection is one.</param>
internal sealed class HttpRouter(StreamableHttpFront mcp, LegacySseFront? sse, OperationsFront operations)
{
    private const string Mcp = "/mcp";
    private const string Sse = "/sse";
    private const string Messages = "/messages";

    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        return TryMatch(path, Mcp, out var upstream) ? mcp.HandleAsync(context, upstream)
            : sse is not null && TryMatch(path, Sse, out upstream) ? sse.StreamAsync(context, upstream)
            : sse is not null && path == Messages ? sse.PostAsync(context)
            : operations.HandleAsync(context, path);
    }

    /// <summary>The path itself, with an empty name, or one further segment, which names a server.</summary>
    private static bool TryMatch(string path, string root, out string upstream)
    {
        upstream = "";
        if (!path.StartsWith(root, StringComparison.Ordinal))
        {
            return false;
        }

        if (path.Length == root.Length)
        {
            return true;
        }

        if (path[root.Length] != '/' || path.IndexOf('/', root.Length + 1) >= 0)
        {
            return false;
        }

        upstream = path[(root.Length + 1)..];
        return true;
    }
}
