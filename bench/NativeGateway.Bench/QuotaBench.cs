using BenchmarkDotNet.Attributes;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Bench;

/// <summary>A call that three quotas count, each from a slice that is held.</summary>
public class QuotaBench
{
    private readonly QuotaGate _gate = new(new Plenty(), TimeProvider.System);
    private readonly Quotas _quotas = Quotas.Compile(
        new Guid("00000000-0000-0000-0000-00000000000a"), new QuotaConfig(int.MaxValue, int.MaxValue, ConfigRules.MaxSpend))!;

    [Benchmark]
    public bool ThreeQuotas()
    {
        var acquiring = _gate.AcquireAsync(_quotas, 1);
        return acquiring.IsCompletedSuccessfully && acquiring.Result.Refusal is null ? true : throw new InvalidOperationException("The call is refused, or waits.");
    }

    /// <summary>Gives whatever is asked for, as at the beginning of a period.</summary>
    private sealed class Plenty : IQuotaSource
    {
        public Task<QuotaGrant?> TakeAsync(QuotaClaim claim, CancellationToken cancellationToken) =>
            Task.FromResult<QuotaGrant?>(new QuotaGrant(claim.Amount, claim.Amount));

        public Task SettleAsync(QuotaClaim claim, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
