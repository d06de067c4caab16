using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>What codes mean, in a sentence for whoever has to do something about it. Of no request in particular, so nothing of one can be in it.</summary>
internal static class RequestWords
{
    /// <summary>What a stage asks.</summary>
    public static string Of(CallStage stage) => stage switch
    {
        CallStage.Capacity => "is there room for one more request?",
        CallStage.Origin => "may this page or host name speak to the gateway?",
        CallStage.Size => "is the body announced within the limit?",
        CallStage.Credential => "whose key is it, and may it be used here?",
        CallStage.Address => "may the key be used from this address?",
        CallStage.Path => "is there a server of the path's name?",
        CallStage.Message => "is the body a message?",
        CallStage.Revision => "in which protocol revision and session?",
        CallStage.Resolve => "which server and which of its tools, prompts or resources is meant?",
        CallStage.Permission => "may the key use it?",
        CallStage.RateLimit => "is there a token left?",
        CallStage.Quota => "is there quota left?",
        _ => "what is the answer?",
    };

    public static string Of(EndpointReason why) => why switch
    {
        EndpointReason.Only => "the server has no other",
        EndpointReason.Preferred => "the first usable one by priority, region and order",
        EndpointReason.Balanced => "chosen among several alike by weight and load",
        EndpointReason.Sticky => "the client's session stays where it is as long as it can",
        EndpointReason.Fallback => "those before it by priority or region were not usable",
        EndpointReason.LastResort => "none was known to be usable, so it was worth a try",
        _ => "the one chosen first could not be reached",
    };

    /// <summary>Why a request ended as it did.</summary>
    public static string Of(CallOutcome outcome, CallPath path) => outcome switch
    {
        CallOutcome.Ok => "It was answered.",
        CallOutcome.ToolError => "The tool answered that it failed (isError): the call itself worked.",
        CallOutcome.ServerError => "The server answered with a JSON-RPC error; its code is passed on as it came.",
        _ => path.Reason is { } reason ? Of(reason, path) : "It was not answered.",
    };

    /// <summary>Where most of the time went, for who finds it slow.</summary>
    public static (string Part, TimeSpan Time) Longest(TimeSpan whole, CallPath path)
    {
        var own = whole - path.Queued - path.Opening - path.Waiting - path.Relaying;
        var longest = (Part: "gateway", Time: own);
        foreach (var part in ((string, TimeSpan)[])[("queued", path.Queued), ("opening", path.Opening), ("waiting", path.Waiting), ("relaying", path.Relaying)])
        {
            longest = part.Item2 > longest.Time ? part : longest;
        }

        return longest;
    }

    private static string Of(ErrorKind reason, CallPath path) => reason switch
    {
        ErrorKind.ForbiddenOrigin => "The page or host name that it came through is not allowed; see network.allowedOrigins.",
        ErrorKind.TooLarge => "The body was larger than limits.maxRequestBytes.",
        ErrorKind.TooSlow => "The body came too slowly.",
        ErrorKind.MethodNotAllowed => "The path does not take this HTTP method.",
        ErrorKind.NotAcceptable => "The client accepts neither JSON nor an event stream.",
        ErrorKind.UnsupportedMediaType => "The body was not declared as application/json.",
        ErrorKind.Unauthenticated => "There was no key, or it is malformed, unknown, wrong, revoked or expired, or its organization is suspended.",
        ErrorKind.ForbiddenAddress => "The caller's address is on none of the organization's allowed networks.",
        ErrorKind.NotJson => "The body was not JSON in UTF-8.",
        ErrorKind.InvalidRequest => "The body was no JSON-RPC message as the client's protocol revision defines it.",
        ErrorKind.MissingMeta => "Members of _meta that the protocol revision requires were missing.",
        ErrorKind.HeaderMismatch => "A header that repeats a part of the body was missing or said something else.",
        ErrorKind.UnsupportedRevision => "The gateway does not speak the protocol revision that was asked for.",
        ErrorKind.SessionRequired => "The method needs a session, and none was opened.",
        ErrorKind.SessionNotFound => "The session does not exist any more; the client has to open another one.",
        ErrorKind.UnknownUpstream => "The workspace has no server of that name.",
        ErrorKind.UnknownMethod => "The method is not known.",
        ErrorKind.InvalidParams => "The parameters cannot be acted on: an unknown tool or prompt, a bad cursor or value.",
        ErrorKind.ResourceNotFound => "No server of the workspace has a resource of that URI.",
        ErrorKind.Forbidden when path.Stage == CallStage.Credential => "The key lacks the scope for this endpoint.",
        ErrorKind.Forbidden => "The permissions of the key, or the tool filter of the server, exclude it.",
        ErrorKind.RateLimited when path.Stage == CallStage.Credential => "Too many keys from this address were refused.",
        ErrorKind.RateLimited when path.Stage == CallStage.Quota => $"The organization's {(path.LimitScope == "spend" ? "spending limit" : "quota")} is used up.",
        ErrorKind.RateLimited => $"The bucket of the {path.LimitScope ?? "key"} was empty.",
        ErrorKind.Saturated when path.Stage == CallStage.Answer => "The server had as many calls under way as it may get at once (maxConcurrent), or no process was free for it.",
        ErrorKind.Saturated => "The gateway was at a limit of its own: concurrent requests, checks of new keys, or quotas without their database.",
        ErrorKind.UpstreamUnavailable when path.NothingSent => "No endpoint of the server could be reached; nothing was sent.",
        ErrorKind.UpstreamUnavailable => "The server broke off, or turned the gateway away.",
        ErrorKind.UpstreamTimeout => "The server did not answer within its timeout.",
        ErrorKind.UpstreamProtocol => "The server answered with something that is no valid answer.",
        ErrorKind.MissingCapability => "The server needs a capability that the client did not declare.",
        ErrorKind.InputFailed => "The server asked for input that the client cannot give, or that nobody gave in time.",
        ErrorKind.ClientGone => "The client went away, or cancelled, before there was an answer.",
        _ => "A bug in the gateway; the log has its trace under this request id.",
    };
}
