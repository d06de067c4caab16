using System.Text;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>Takes the headers of a request, one by one.</summary>
internal interface IWireHeaders
{
    void Add(string name, string value);
}

/// <summary>
/// The headers of the requests to one endpoint: exactly those that MCP and the configuration ask for. Nothing that a client sent as a header ever
/// gets here.
/// </summary>
internal sealed class WireHeaders
{
    private static readonly string[] MethodTexts =
        [.. Enum.GetValues<McpMethod>().Select(method => Encoding.ASCII.GetString(McpMethods.Text(method)))];

    private readonly KeyValuePair<string, string>[] _configured;

    public WireHeaders(UpstreamConfig config, Uri url) => _configured = ConfiguredHeaders.Of(config, url);

    /// <summary>No request of this endpoint needs more than plain ASCII headers.</summary>
    public bool ArePlain => Array.TrueForAll(_configured, header => IsPlain(header.Value) && header.Key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));

    /// <summary>A <c>Host</c> of the configuration takes the place of the address's own.</summary>
    public bool NamesHost => Array.Exists(_configured, header => header.Key.Equals("Host", StringComparison.OrdinalIgnoreCase));

    /// <summary>Those that are the same for every request of a session.</summary>
    public void WriteFixed<T>(HttpMethod method, HttpSessionHead head, T headers)
        where T : IWireHeaders
    {
        headers.Add("Accept", method == HttpMethod.Get ? "text/event-stream" : "application/json, text/event-stream");
        if (head.Revision is { HasVersionHeader: true } revision)
        {
            headers.Add("MCP-Protocol-Version", revision.Text);
        }

        if (head.SessionId is { } sessionId)
        {
            headers.Add("MCP-Session-Id", sessionId);
        }

        foreach (var (name, value) in _configured)
        {
            headers.Add(name, value);
        }
    }

    /// <summary>Those that say something about this one request.</summary>
    public static void WriteVarying<T>(WireRequest request, T headers)
        where T : IWireHeaders
    {
        if (request.LastEventId is { } lastEventId)
        {
            headers.Add("Last-Event-ID", lastEventId);
        }

        if (request.Source is { } source)
        {
            if (request.Head.IsModern)
            {
                WriteMirrored(source, headers);
            }

            AddIfPlain(headers, "traceparent", source.TraceParent);
            // Without a parent it means nothing (W3C Trace Context, 3.3).
            AddIfPlain(headers, "tracestate", source.TraceParent is null ? null : source.TraceState);
        }
        else if (request is { Head.IsModern: true, HasBody: true } && request.PlainMethod is var method and not McpMethod.Unknown)
        {
            headers.Add("Mcp-Method", MethodTexts[(int)method]);
        }
    }

    private static void WriteMirrored<T>(UpstreamRequest request, T headers)
        where T : IWireHeaders
    {
        var isAsKnown = request.MethodText.IsEmpty || request.MethodText.Span.SequenceEqual(McpMethods.Text(request.Method));
        AddIfPlain(headers, "Mcp-Method", isAsKnown ? MethodTexts[(int)request.Method] : Encoding.UTF8.GetString(request.MethodText.Span));
        if (!request.MirroredName.IsEmpty)
        {
            headers.Add("Mcp-Name", MirroredHeader.Encode(Encoding.UTF8.GetString(request.MirroredName.Span)));
        }

        foreach (var (name, value) in request.MirroredParameters ?? [])
        {
            AddIfPlain(headers, name, value);
        }
    }

    /// <summary>
    /// Some values come from clients. One that no header can hold would fail the request as if the endpoint could not be reached, and five of
    /// those would open the circuit for everybody.
    /// </summary>
    private static void AddIfPlain<T>(T headers, string name, string? value)
        where T : IWireHeaders
    {
        if (value is not null && IsPlain(value))
        {
            headers.Add(name, value);
        }
    }

    private static bool IsPlain(string value) => !value.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
