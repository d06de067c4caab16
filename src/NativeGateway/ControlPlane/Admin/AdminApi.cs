using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.DataPlane.Policy;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// The administration API over HTTP: everything that is alike for all operations, in the order in which it happens. What an operation does
/// stands in <see cref="AdminRoutes"/>; what a refusal looks like, in <see cref="Problem"/>.
/// </summary>
internal sealed class AdminApi(
    AdminRoutes routes,
    RegistryLoader loader,
    SnapshotHolder snapshots,
    Authenticator authenticator,
    SessionDoor sessions,
    RateLimiter limiter,
    TrustedProxies trustedProxies,
    Action<DeniedRequest> denied,
    ILogger logger)
{
    public const string Root = "/api/v1";

    private const int LongestIdempotencyKey = 255;

    public static bool Owns(string path) => path.StartsWith(Root, StringComparison.Ordinal) && (path.Length == Root.Length || path[Root.Length] == '/');

    public async Task HandleAsync(HttpContext context)
    {
        var head = RequestHeads.Read(context, default, trustedProxies.Current);
        context.Response.Headers["X-Request-Id"] = head.RequestId;
        var visit = new AdminVisit(head);
        AdminAnswer failure;
        try
        {
            var answer = await AnswerAsync(context, head, visit);
            if (visit.DenialIn(answer) is { } denial)
            {
                denied(denial);
            }

            await WriteAsync(context, answer, head.RequestId);
            return;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
            return;
        }
        catch (StoreUnavailableException exception)
        {
            logger.AdministrationWithoutDatabase(head.RequestId, exception.Message);
            failure = AdminAnswer.Of(Problem.DatabaseDown);
        }
        catch (Exception fault)
        {
            logger.RequestFault(fault, head.RequestId);
            failure = AdminAnswer.Of(Problem.Fault);
        }

        if (context.Response.HasStarted)
        {
            // Content that breaks off must not look complete.
            context.Abort();
        }
        else
        {
            await WriteAsync(context, failure, head.RequestId);
        }
    }

    private async Task<AdminAnswer> AnswerAsync(HttpContext context, RequestHead head, AdminVisit visit)
    {
        var snapshot = visit.Snapshot = snapshots.Current;
        if (OriginGuard.Check(head, snapshot.Settings) is { } foreign)
        {
            return AdminAnswer.Of(Problem.Of(foreign));
        }

        var (route, id, missing) = routes.Find(context.Request.Method, (context.Request.Path.Value ?? "")[Root.Length..]);
        if (route is null)
        {
            return AdminAnswer.Of(missing!);
        }

        (visit.Route, visit.Id) = (route, id);
        var (caller, user, refused) = await AdmitAsync(context, head, visit, route);
        if (refused is not null)
        {
            return AdminAnswer.Of(refused);
        }

        visit.IsAdmitted = true;
        var body = await AdminBody.ReadAsync(context.Request, route.Body);
        if ((body.Problem ?? CheckHeaders(context.Request.Headers)) is { } problem)
        {
            return AdminAnswer.Of(problem);
        }

        var answer = await route.AnswerAsync(new AdminRequest
        {
            Identified = caller,
            SignedIn = user,
            RemoteAddress = head.RemoteAddress,
            Author = new Author(ActorOf(caller, user, head.RemoteAddress.ToString()), head.RequestId),
            Id = id,
            Query = context.Request.Query,
            Body = body.Json,
            Text = body.Text,
            Digest = body.Digest,
            IfMatch = Header(context.Request.Headers.IfMatch),
            IdempotencyKey = Header(context.Request.Headers["Idempotency-Key"]),
            ClientGone = context.RequestAborted,
        });
        if (answer.Problem is null && !HttpMethods.IsGet(route.Method))
        {
            await TakeIntoUseAsync(head, context.RequestAborted);
        }

        return answer;
    }

    /// <summary>Who was told that a change is made finds it made, on this gateway at once, on others within a second.</summary>
    private async Task TakeIntoUseAsync(RequestHead head, CancellationToken clientGone)
    {
        try
        {
            await loader.CatchUpAsync(clientGone);
        }
        catch (StoreUnavailableException exception)
        {
            // The change is stored; it is taken into use when the database is back.
            logger.AdministrationWithoutDatabase(head.RequestId, exception.Message);
        }
    }

    private static AuditActor ActorOf(Caller? caller, SignedIn? user, string address) =>
        user is null ? AuditActor.Key(caller?.KeyId, address) : AuditActor.User(user.User.Id, address);

    private async Task<(Caller? Caller, SignedIn? User, Problem? Refused)> AdmitAsync(HttpContext context, RequestHead head, AdminVisit visit, AdminRoute route)
    {
        if (route.Scopes == KeyScopes.None && !route.TakesSession)
        {
            return default;
        }

        // A key is presented on purpose, a cookie by the browser.
        var token = head.Credential.IsEmpty ? SessionCookie.Read(context, trustedProxies.Current) : null;
        if (token is null && !route.TakesSession)
        {
            var (caller, why) = await AdmitKeyAsync(context, head, visit.Snapshot!, route.Scopes);
            return (caller, null, why);
        }

        if (token is null || await sessions.FindAsync(token, visit.Snapshot!, context.RequestAborted) is not { } user)
        {
            return (null, null, Problem.NotSignedIn);
        }

        visit.User = user.Audited;
        var refused = SessionDoor.Check(user, route, context.Request, head, visit.Snapshot!) ?? await LimitAsync(context.Response, user.Caller, head);
        return refused is null ? (user.Caller, user, null) : (null, null, refused);
    }

    /// <summary>The same checks as for MCP requests, but that administration always takes a key, even where MCP requests need none.</summary>
    private async Task<(Caller? Caller, Problem? Refused)> AdmitKeyAsync(HttpContext context, RequestHead head, Snapshot snapshot, KeyScopes scopes)
    {
        if (head.Credential.IsEmpty && snapshot.Anonymous is not null)
        {
            return (null, Problem.Of(new GatewayError(ErrorKind.Unauthenticated, "An API key is required for administration.")));
        }

        var (caller, error) = await authenticator.IdentifyAsync(snapshot, head.Credential, head.RemoteAddress, scopes, context.RequestAborted);
        if (caller is null)
        {
            logger.Refused(head.RequestId, error!.Kind, error.Message, error.Detail);
            return (null, Problem.Of(error));
        }

        return await LimitAsync(context.Response, caller, head) is { } limited ? (null, limited) : (caller, null);
    }

    private async Task<Problem?> LimitAsync(HttpResponse response, Caller caller, RequestHead head)
    {
        var (limited, state) = await limiter.AcquireAsync(new LimitedCall(caller, null, default, head.RemoteAddress));
        if (state.IsPresent)
        {
            var headers = response.Headers;
            headers["X-RateLimit-Limit"] = state.Limit.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = state.Remaining.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Reset"] = state.ResetSeconds.ToString(CultureInfo.InvariantCulture);
        }

        return limited is null ? null : Problem.Of(limited);
    }

    private static Problem? CheckHeaders(IHeaderDictionary headers)
    {
        var key = headers["Idempotency-Key"];
        return key.Count == 0 || (key.Count == 1 && key[0]!.Length is > 0 and <= LongestIdempotencyKey && key[0]!.All(char.IsAscii))
            ? null
            : Problem.Malformed($"Idempotency-Key must be one text of 1 to {LongestIdempotencyKey} ASCII characters, such as a UUID.");
    }

    private static string? Header(Microsoft.Extensions.Primitives.StringValues values) => values.Count == 0 ? null : values.ToString();

    private async Task WriteAsync(HttpContext context, AdminAnswer answer, string requestId)
    {
        var response = context.Response;
        var (content, type) = answer.Problem is { } problem
            ? (AdminAnswer.Write(json => problem.WriteTo(json, requestId)), "application/problem+json")
            : (answer.Content, answer.ContentType);
        response.StatusCode = answer.Status;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (answer.Problem is { } refusal)
        {
            WriteHeaders(response.Headers, refusal);
        }

        if (answer.Cookie is { } cookie)
        {
            response.Headers.SetCookie = cookie.Text(context, trustedProxies.Current);
        }

        if (answer.ETag is { } tag)
        {
            response.Headers.ETag = tag;
        }

        if (answer.Location is { } location)
        {
            response.Headers.Location = Root + location;
        }

        if (answer.IsReplayed)
        {
            response.Headers["Idempotency-Replayed"] = "true";
        }

        if (answer.WriteAsync is { } write)
        {
            response.ContentType = type;
            response.Headers.ContentDisposition = $"attachment; filename=\"{answer.FileName}\"";
            await write(response.BodyWriter);
        }
        else if (answer.Status != StatusCodes.Status204NoContent)
        {
            response.ContentType = type;
            response.ContentLength = content.Length;
            await response.BodyWriter.WriteAsync(content, context.RequestAborted);
        }
    }

    private static void WriteHeaders(IHeaderDictionary headers, Problem problem)
    {
        if (problem.RetryAfter is { } delay)
        {
            headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (problem.Allow is { } allow)
        {
            headers.Allow = allow;
        }

        if (problem.ChallengesCredentials)
        {
            headers.WWWAuthenticate = "Bearer realm=\"native-gateway\", error=\"invalid_token\"";
        }
    }
}
