using System.Collections.Concurrent;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EchoServer;

/// <summary>
/// Streamable HTTP with sessions, as of revision 2025-11-25, on the SDK's transport. A sample: it listens on the loopback only, and sessions
/// live until they are deleted.
/// </summary>
internal static class HttpEndpoint
{
    private const string SessionHeader = "Mcp-Session-Id";

    private sealed record Session(StreamableHttpServerTransport Transport, McpServer Server, Task Running);

    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var sessions = new ConcurrentDictionary<string, Session>();
        var app = builder.Build();
        app.Run(context => HandleAsync(context, sessions));
        await app.RunAsync();
    }

    private static async Task HandleAsync(HttpContext context, ConcurrentDictionary<string, Session> sessions)
    {
        if (context.Request.Path != "/mcp")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var id = (string?)context.Request.Headers[SessionHeader];
        if (HttpMethods.IsPost(context.Request.Method))
        {
            await PostAsync(context, sessions, id);
        }
        else if (id is null || !sessions.TryGetValue(id, out var session))
        {
            context.Response.StatusCode = id is null ? StatusCodes.Status400BadRequest : StatusCodes.Status404NotFound;
        }
        else if (HttpMethods.IsGet(context.Request.Method))
        {
            BeginStream(context.Response);
            await session.Transport.HandleGetRequestAsync(context.Response.Body, context.RequestAborted);
        }
        else if (HttpMethods.IsDelete(context.Request.Method))
        {
            sessions.TryRemove(id, out _);
            await session.Transport.DisposeAsync();
            await session.Server.DisposeAsync();
            await session.Running;
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        }
    }

    private static async Task PostAsync(HttpContext context, ConcurrentDictionary<string, Session> sessions, string? id)
    {
        JsonRpcMessage? message;
        try
        {
            var type = McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));
            message = (JsonRpcMessage?)await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted);
        }
        catch (JsonException)
        {
            message = null;
        }

        Session? session = null;
        if (id is null && message is JsonRpcRequest { Method: RequestMethods.Initialize })
        {
            (id, session) = Open(sessions);
        }
        else if (message is null || id is null || !sessions.TryGetValue(id, out session))
        {
            context.Response.StatusCode = message is null || id is null ? StatusCodes.Status400BadRequest : StatusCodes.Status404NotFound;
            return;
        }

        context.Response.Headers[SessionHeader] = id;
        BeginStream(context.Response);
        if (!await session.Transport.HandlePostRequestAsync(message, context.Response.Body, context.RequestAborted))
        {
            context.Response.ContentType = null;
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        }
    }

    private static (string Id, Session Session) Open(ConcurrentDictionary<string, Session> sessions)
    {
        var id = Guid.NewGuid().ToString("N");
        var transport = new StreamableHttpServerTransport { SessionId = id };
        var server = McpServer.Create(transport, Features.CreateOptions());
        var session = new Session(transport, server, server.RunAsync());
        sessions[id] = session;
        return (id, session);
    }

    private static void BeginStream(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
    }
}
