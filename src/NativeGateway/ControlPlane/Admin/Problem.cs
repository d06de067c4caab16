using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Users;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// What a refused request is answered with (RFC 9457). The only place that picks a status for one: every refusal, wherever it comes from, is
/// turned into a problem here.
/// </summary>
/// <param name="Type">Stable, for programs; the last part of the <c>type</c> URI.</param>
/// <param name="Detail">For people: what is wrong and what to do. Never a secret, never another tenant's name.</param>
internal sealed record Problem(int Status, string Type, string Title, string Detail)
{
    private const string TypePrefix = "urn:native-gateway:problem:";

    public static readonly Problem Fault = new(
        StatusCodes.Status500InternalServerError, "internal", "The gateway failed", "Quote the X-Request-Id to its operator.");

    public static readonly Problem DatabaseDown = new(
        StatusCodes.Status503ServiceUnavailable, "database-unavailable", "The database cannot be reached", "The gateway goes on serving MCP with what it has; try again.")
    {
        RetryAfter = TimeSpan.FromSeconds(2),
    };

    public static readonly Problem NoSuchPath = new(
        StatusCodes.Status404NotFound, "not-found", "Not found", "There is nothing at this path; see /api/v1/openapi.json.");

    public static readonly Problem NotSignedIn = new(
        StatusCodes.Status401Unauthorized, "not-signed-in", "Not signed in", "Sign in with POST /api/v1/session; the session may have ended.");

    public static readonly Problem ForeignRequest = new(
        StatusCodes.Status403Forbidden,
        "csrf",
        "Not allowed from this page",
        "A change by a session takes the header X-CSRF-Token, with the csrfToken of /api/v1/session, and an Origin that is the gateway's own or stands in network.allowedOrigins.");

    public static readonly Problem OrganizationSuspended = new(
        StatusCodes.Status403Forbidden, "suspended", "The organization is suspended", "Ask the operator of the gateway, or switch to another organization of yours.");

    /// <summary>The single things that are wrong, by JSON pointer (RFC 6901) into the body, or by the name of a parameter.</summary>
    public IReadOnlyList<ConfigFault> Faults { get; init; } = [];

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>For 405.</summary>
    public string? Allow { get; init; }

    public bool ChallengesCredentials => Status == StatusCodes.Status401Unauthorized;

    public static Problem Of(Refusal refusal) => refusal.Kind switch
    {
        RefusalKind.Invalid => Invalid(refusal.Message, refusal.Faults),
        RefusalKind.NotFound => new(StatusCodes.Status404NotFound, "not-found", "Not found", Sentence(refusal.Message)),
        RefusalKind.Conflict => new(StatusCodes.Status409Conflict, "conflict", "Does not go together with what there is", Sentence(refusal.Message)),
        RefusalKind.Forbidden => new(StatusCodes.Status403Forbidden, "forbidden", "Not allowed", Sentence(refusal.Message)),
        RefusalKind.Outdated => new(StatusCodes.Status412PreconditionFailed, "outdated", "It was changed meanwhile", Sentence(refusal.Message)),
        _ => new(StatusCodes.Status503ServiceUnavailable, "busy", "Too busy", Sentence(refusal.Message)) { RetryAfter = TimeSpan.FromSeconds(1) },
    };

    /// <summary>For refusals by the stages that the data plane has, too.</summary>
    public static Problem Of(GatewayError error)
    {
        var (status, type, title) = error.Kind switch
        {
            ErrorKind.Unauthenticated => (StatusCodes.Status401Unauthorized, "unauthenticated", "An API key is required"),
            ErrorKind.ForbiddenOrigin => (StatusCodes.Status403Forbidden, "forbidden-origin", "Not allowed from this page or host"),
            ErrorKind.ForbiddenAddress => (StatusCodes.Status403Forbidden, "forbidden-address", "Not allowed from this address"),
            ErrorKind.Forbidden => (StatusCodes.Status403Forbidden, "forbidden", "Not allowed"),
            ErrorKind.RateLimited => (StatusCodes.Status429TooManyRequests, "rate-limited", "Too many requests"),
            ErrorKind.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too-large", "The body is too large"),
            ErrorKind.TooSlow => (StatusCodes.Status408RequestTimeout, "too-slow", "The body came too slowly"),
            ErrorKind.Saturated => (StatusCodes.Status503ServiceUnavailable, "busy", "Too busy"),
            _ => (StatusCodes.Status400BadRequest, "malformed", "The request cannot be read"),
        };
        return new Problem(status, type, title, error.Message) { RetryAfter = error.RetryAfter };
    }

    public static Problem Of(SignInVerdict verdict) => verdict.Failure switch
    {
        SignInFailure.Locked => new(
            StatusCodes.Status429TooManyRequests, "locked", "Too many failures", "There were too many failed attempts; try again later.") { RetryAfter = verdict.RetryAfter },
        SignInFailure.Busy => new(StatusCodes.Status503ServiceUnavailable, "busy", "Too busy", "Too many passwords are being checked; try again.") { RetryAfter = verdict.RetryAfter },
        _ => new(StatusCodes.Status401Unauthorized, "wrong-password", "Not signed in", "The e-mail address or the password is wrong."),
    };

    public static Problem NeedsRole(Role? least) => new(
        StatusCodes.Status403Forbidden,
        "forbidden",
        "Not allowed",
        least is { } role ? $"This takes the role {role.Label()} in the organization." : "This takes the role admin, or an administrator of the instance.");

    public static Problem Malformed(string detail, params IReadOnlyList<ConfigFault> faults) =>
        new(StatusCodes.Status400BadRequest, "malformed", "The request cannot be read", detail) { Faults = faults };

    public static Problem Invalid(string detail, IReadOnlyList<ConfigFault> faults) =>
        new(StatusCodes.Status422UnprocessableEntity, "invalid", "The request is not valid", Sentence(detail)) { Faults = faults };

    public static Problem UnsupportedMediaType(string accepted) =>
        new(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "Another content type is needed", $"Send Content-Type: {accepted}.");

    public static Problem MethodNotAllowed(string allow) =>
        new(StatusCodes.Status405MethodNotAllowed, "method-not-allowed", "Another method is needed", $"This path takes {allow}.") { Allow = allow };

    public static Problem PreconditionRequired() => new(
        StatusCodes.Status428PreconditionRequired,
        "precondition-required",
        "If-Match is required",
        "Send If-Match with the ETag of the representation that you changed, so that you overwrite nothing unseen; If-Match: * overwrites whatever there is.");

    public void WriteTo(Utf8JsonWriter json, string requestId)
    {
        json.WriteString("type", TypePrefix + Type);
        json.WriteString("title", Title);
        json.WriteNumber("status", Status);
        json.WriteString("detail", Detail);
        json.WriteString("instance", $"urn:native-gateway:request:{requestId}");
        if (Faults.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (var fault in Faults)
            {
                json.WriteStartObject();
                json.WriteString("pointer", fault.Where);
                json.WriteString("detail", fault.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    private static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..] + (text[^1] == '.' ? "" : ".");
}
