using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// Creates once what is asked for twice under one <c>Idempotency-Key</c>. A repeat is answered with what exists by then, so a key's secret,
/// which is kept nowhere, is never shown again: whoever lost it rotates the key.
/// </summary>
internal sealed class Creations(RegistryWriter registry, TimeProvider time)
{
    private static readonly Refusal OtherRequest = new(
        RefusalKind.Invalid, "this Idempotency-Key was used for another request within a day; use a new one");

    private static readonly Refusal Gone = new(
        RefusalKind.Conflict, "what this Idempotency-Key created was deleted meanwhile; use a new one to create it again");

    /// <param name="plan">Writes the resource; called again when the registry has become another one meanwhile.</param>
    /// <param name="show">The resource of an id in a state of the registry as it is answered; null when there is none.</param>
    /// <param name="path">Where the resource is, without its id.</param>
    public async Task<AdminAnswer> CreateAsync(
        AdminRequest request, string path, string resourceId, Func<RegistryConfig, Plan> plan, Func<RegistryConfig, string, AdminAnswer?> show)
    {
        if (await FindAsync(request) is { } earlier)
        {
            return await ReplayAsync(request, path, earlier, show);
        }

        var refusal = await registry.ChangeAsync(request.Author, state => Remembering(request, resourceId, plan(state)), request.ClientGone);
        if (refusal is not null)
        {
            // The same request may have come twice at once.
            return await FindAsync(request) is { } other ? await ReplayAsync(request, path, other, show) : AdminAnswer.Of(refusal);
        }

        var state = await registry.LoadAsync(request.ClientGone);
        return Created(show(state, resourceId), path, resourceId) ?? AdminAnswer.Of(Gone);
    }

    private async Task<AdminAnswer> ReplayAsync(AdminRequest request, string path, Creation earlier, Func<RegistryConfig, string, AdminAnswer?> show)
    {
        if (!CryptographicOperations.FixedTimeEquals(earlier.Digest, request.Digest))
        {
            return AdminAnswer.Of(OtherRequest);
        }

        var shown = show(await registry.LoadAsync(request.ClientGone), earlier.ResourceId);
        return Created(shown, path, earlier.ResourceId) is { } answer ? answer with { IsReplayed = true } : AdminAnswer.Of(Gone);
    }

    private async Task<Creation?> FindAsync(AdminRequest request) => request.IdempotencyKey is { } key
        ? await registry.FindCreationAsync(request.Caller.KeyId, key, request.ClientGone)
        : null;

    private Plan Remembering(AdminRequest request, string resourceId, Plan plan) => plan.Refusal is null && request.IdempotencyKey is { } key
        ? Plan.Write([.. plan.Writes, new RememberCreation(new Creation(request.Caller.KeyId, key, request.Digest, resourceId, time.GetUtcNow()))])
        : plan;

    private static AdminAnswer? Created(AdminAnswer? shown, string path, string resourceId) =>
        shown is null ? null : shown with { Status = StatusCodes.Status201Created, Location = $"{path}/{resourceId}" };
}
