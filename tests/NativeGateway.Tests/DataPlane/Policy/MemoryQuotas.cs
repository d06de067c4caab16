using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Tests.DataPlane.Policy;

/// <summary>Gives out quotas as the database does; can be away, and slow.</summary>
internal sealed class MemoryQuotas : IQuotaSource
{
    private readonly Dictionary<(Guid, QuotaKind), (string Period, long Taken)> _uses = [];

    public bool IsAway { get; set; }

    /// <summary>While it is set nobody is answered.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public int Questions { get; private set; }

    public long Taken(Guid organizationId, QuotaKind kind) => _uses[(organizationId, kind)].Taken;

    public async Task<QuotaGrant?> TakeAsync(QuotaClaim claim, CancellationToken cancellationToken)
    {
        Questions++;
        if (Gate is { } gate)
        {
            await gate.Task;
        }

        if (IsAway)
        {
            return null;
        }

        lock (_uses)
        {
            var key = (claim.OrganizationId, claim.Kind);
            var (period, taken) = _uses.GetValueOrDefault(key, (claim.Period, 0));
            taken = string.CompareOrdinal(period, claim.Period) < 0 ? 0 : taken;
            var amount = Math.Clamp(claim.Cap - taken, 0, claim.Amount);
            _uses[key] = (claim.Period, taken + amount);
            return new QuotaGrant(amount, taken + amount);
        }
    }

    public Task SettleAsync(QuotaClaim claim, CancellationToken cancellationToken)
    {
        lock (_uses)
        {
            var key = (claim.OrganizationId, claim.Kind);
            _uses[key] = (claim.Period, _uses.GetValueOrDefault(key).Taken - claim.Amount);
        }

        return Task.CompletedTask;
    }
}
