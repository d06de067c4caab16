using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>A response of Kestrel.</summary>
internal sealed class KestrelResponse(HttpContext context) : IClientResponse
{
    public CancellationToken ClientGone => context.RequestAborted;

    public PipeWriter Body => context.Response.BodyWriter;

    public void Begin(in ResponseHead head)
    {
        var response = context.Response;
        response.StatusCode = head.Status;
        if (head.Content == ResponseContent.EventStream)
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            {
                // A stream may be silent, and its reader may be slow: back-pressure bounds what waits, not a minimum rate.
                rate.MinDataRate = null;
            }
        }
        else if (head.Status != StatusCodes.Status204NoContent)
        {
            response.ContentLength = head.Length;
        }

        var lines = new Lines(response.Headers);
        ReplyHeaderLines.Write(head, ref lines);
    }

    public ValueTask SendAsync(in ResponseHead head, MessageEditor message)
    {
        Begin(head);
        message.WriteTo(Body);
        var flush = Body.FlushAsync();
        return flush.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(flush.AsTask());
    }

    private readonly struct Lines(IHeaderDictionary headers) : IHeaderLines
    {
        public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            headers[Encoding.ASCII.GetString(name)] = Encoding.ASCII.GetString(value);
    }
}
