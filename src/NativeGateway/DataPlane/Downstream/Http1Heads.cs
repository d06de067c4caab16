using System.Net;
using System.Text;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Transport;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>The heads of the requests of one connection, in the pipeline's words. One that begins like the last one is not read again.</summary>
internal sealed class Http1Heads(LoopInput input, Http1Request request, LoopSocket socket, TrustedProxies trusted)
{
    private readonly IPAddress _address = socket.PeerAddress ?? IPAddress.None;
    private readonly bool _onLoopback = socket.LocalAddress is { } local && IPAddress.IsLoopback(local);
    private RequestHead? _head;
    private AddressSet? _headProxies;

    /// <summary>Reads what stands first in the input into the request.</summary>
    public Http1Verdict Read()
    {
        if (input.Length == 0 || request.TryRepeat(input.Span))
        {
            return input.Length == 0 ? Http1Verdict.Incomplete : Http1Verdict.Complete;
        }

        _head = null;
        return Http1Reader.Read(input.Span, request);
    }

    /// <summary>The head of the last request, where this one begins alike and is looked at alike.</summary>
    public RequestHead Next()
    {
        var trustedProxies = trusted.Current;
        if (_head is null || _headProxies != trustedProxies)
        {
            (_head, _headProxies) = (Create(trustedProxies), trustedProxies);
            request.Keep(input.Span);
            return _head;
        }

        (_head.Number, _head.ContentLength) = (RequestNumber.New(), request.ContentLength);
        return _head;
    }

    /// <summary>The next head is read anew, whatever it is like.</summary>
    public void Forget() => _head = null;

    private RequestHead Create(AddressSet trustedProxies)
    {
        var name = request.UpstreamName is { IsPresent: true } range ? range.Of(input.Span).ToArray() : [];
        var texts = new HeaderTexts
        {
            Host = Text(KnownHeader.Host),
            Origin = Text(KnownHeader.Origin),
            Accept = Text(KnownHeader.Accept),
            ContentType = Text(KnownHeader.ContentType),
            Authorization = Text(KnownHeader.Authorization),
            ApiKey = Text(KnownHeader.ApiKey),
            ForwardedFor = Text(KnownHeader.ForwardedFor),
            ProtocolVersion = Text(KnownHeader.ProtocolVersion),
            SessionId = Text(KnownHeader.SessionId),
            LastEventId = Text(KnownHeader.LastEventId),
            MirroredMethod = Text(KnownHeader.MirroredMethod),
            MirroredName = Text(KnownHeader.MirroredName),
            TraceParent = Text(KnownHeader.TraceParent),
            TraceState = Text(KnownHeader.TraceState),
        };
        var address = RequestHeads.CallerAddress(_address, texts.ForwardedFor, trustedProxies);
        return RequestHeads.Create(texts, address, _onLoopback, name, request.ContentLength, Find);
    }

    private string? Text(KnownHeader header) =>
        request[header] is { IsPresent: true } range ? Encoding.ASCII.GetString(range.Of(input.Span)) : null;

    private string? Find(string name) => request.Find(input.Span, name);
}
