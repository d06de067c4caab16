using Microsoft.AspNetCore.Http;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>What Kestrel finds wrong with a request body, in the gateway's words.</summary>
internal static class BrokenBodies
{
    /// <param name="maxBytes">The size limit, for the case that it was exceeded.</param>
    public static GatewayError Explain(IOException broken, int maxBytes) => (broken as BadHttpRequestException)?.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => Exchange.TooLarge(maxBytes),
        StatusCodes.Status408RequestTimeout => new GatewayError(ErrorKind.TooSlow, "The request body came too slowly."),
        _ => new GatewayError(ErrorKind.InvalidRequest, "The request body is not framed as its headers say."),
    };
}
