using Microsoft.AspNetCore.Http;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>How far a request came, for what the audit log is told when it is refused.</summary>
internal sealed class AdminVisit(RequestHead head)
{
    private const int LongestKeyId = 12;

    public Snapshot? Snapshot { get; set; }

    public AdminRoute? Route { get; set; }

    public string Id { get; set; } = "";

    /// <summary>Who has signed in.</summary>
    public AuditedUser? User { get; set; }

    /// <summary>The caller may ask for the operation; whether it may have it is another matter.</summary>
    public bool IsAdmitted { get; set; }

    /// <summary>Who was not admitted, and who was refused a change; null for what is no refusal, and for reading what is not there.</summary>
    public DeniedRequest? DenialIn(AdminAnswer answer)
    {
        if (answer.Problem is not { Status: < StatusCodes.Status500InternalServerError } problem || (IsAdmitted ? HttpMethods.IsGet(Route!.Method) : !IsAboutCaller(problem)))
        {
            return null;
        }

        var denied = Denials.Of(head, Snapshot, Route is null ? "api" : $"api.{Route.Method} {Route.Template}", problem.Type);
        if ((User ?? answer.Account) is { } user)
        {
            denied = denied with { UserId = user.Id, OrganizationId = user.OrganizationId };
        }

        return IsIdentifier(Id) ? denied with { ResourceType = Route!.ResourceType, ResourceId = Id } : denied;
    }

    private static bool IsAboutCaller(Problem problem) =>
        problem.Status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests;

    /// <summary>The log keeps no text that a caller made up.</summary>
    private static bool IsIdentifier(string id) =>
        Guid.TryParseExact(id, "D", out _) || (id.Length == LongestKeyId && id.All(char.IsAsciiLetterOrDigit));
}

/// <summary>A user whom the audit log names.</summary>
/// <param name="OrganizationId">Whose administrators may see it.</param>
internal sealed record AuditedUser(Guid Id, Guid? OrganizationId);
