using Microsoft.AspNetCore.Http;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>The paths of the HTTP interface. One switch instead of the framework's routing: there are few paths, and the first one is the hot one.</summary>
internal sealed class HttpRouter(StreamableHttpFront mcp, OperationsFront operations)
{
    private const string Mcp = "/mcp";

    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (path.StartsWith(Mcp, StringComparison.Ordinal))
        {
            if (path.Length == Mcp.Length)
            {
                return mcp.HandleAsync(context, "");
            }

            if (path[Mcp.Length] == '/' && path.IndexOf('/', Mcp.Length + 1) < 0)
            {
                return mcp.HandleAsync(context, path[(Mcp.Length + 1)..]);
            }
        }

        return operations.HandleAsync(context, path);
    }
}
