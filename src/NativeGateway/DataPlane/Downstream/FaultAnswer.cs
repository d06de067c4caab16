using Microsoft.AspNetCore.Http;
using NativeGateway.DataPlane.Proxy;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// Answers a bug of the gateway where <see cref="McpProxy.HandleAsync"/> is not there to do it: streams, and what ends or feeds them. Once an answer
/// has begun, or its client is gone, there is nothing to say, and the server breaks the connection.
/// </summary>
internal static class FaultAnswer
{
    public static async Task GuardAsync(HttpContext context, Exchange exchange, ErrorResponder responder, Func<Task> serve)
    {
        try
        {
            await serve().ConfigureAwait(false);
        }
        catch (Exception fault) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            await responder.WriteFaultAsync(exchange, fault).ConfigureAwait(false);
        }
    }
}
