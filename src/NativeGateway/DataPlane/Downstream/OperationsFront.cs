using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// Health and metrics. Live: the process answers. Ready: it has configuration to serve from and is not draining; a database that is down does
/// not make it unready, because it goes on serving from its snapshot, but is said here.
/// </summary>
internal sealed class OperationsFront(Metrics metrics, Func<HealthReport> health)
{
    public async Task HandleAsync(HttpContext context, string path)
    {
        context.Response.Headers["X-Request-Id"] = RequestNumber.New().ToString();
        var isGet = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        switch (path)
        {
            case "/health" or "/health/live" or "/health/ready" or "/metrics" when !isGet:
                context.Response.Headers.Allow = "GET, HEAD";
                context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
                break;
            case "/health/live":
                await WriteAsync(context, StatusCodes.Status200OK, "application/json", "{\"status\":\"live\"}"u8.ToArray()).ConfigureAwait(false);
                break;
            case "/health" or "/health/ready":
                var report = health();
                var status = report.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
                await WriteAsync(context, status, "application/json", Format(report)).ConfigureAwait(false);
                break;
            case "/metrics":
                var text = new ArrayBufferWriter<byte>(16 * 1024);
                metrics.WriteTo(text);
                await WriteAsync(context, StatusCodes.Status200OK, "text/plain; version=0.0.4; charset=utf-8", text.WrittenMemory).ConfigureAwait(false);
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }

    private static ReadOnlyMemory<byte> Format(HealthReport report)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteString("status"u8, report.IsReady ? "ready"u8 : "draining"u8);
        writer.WriteString("database"u8, report.IsDatabaseReachable ? "reachable"u8 : "unreachable"u8);
        if (report.DatabaseUnreachableSince is { } since)
        {
            writer.WriteString("databaseUnreachableSince"u8, since);
        }

        writer.WriteNumber("configurationRevision"u8, report.ConfigurationRevision);
        writer.WriteNumber("servers"u8, report.Upstreams);
        writer.WriteNumber("serversUnavailable"u8, report.UpstreamsUnavailable);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(body).ConfigureAwait(false);
        }
    }
}
