using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Storage.Postgres;
using NativeGateway.Telemetry;

namespace NativeGateway.ControlPlane.Quotas;

/// <summary>The token buckets in the database that replicas share, as the data plane knows them: they can be away, which is told once. Any thread.</summary>
internal sealed class BucketLedger(PostgresBucketStore store, TimeProvider time, ILogger<BucketLedger> logger) : IBucketSource
{
    private static readonly TimeSpan BetweenForgetting = TimeSpan.FromMinutes(1);

    private readonly Guid _replica = Guid.NewGuid();
    private long _forgottenAt = time.GetTimestamp();
    private int _replicas = 1;
    private int _isLost;

    public Task<IReadOnlyList<BucketGrant>?> TakeAsync(IReadOnlyList<BucketClaim> claims, CancellationToken cancellationToken) =>
        TryAsync<IReadOnlyList<BucketGrant>?>(async () => await store.TakeAsync(claims, cancellationToken));

    public Task<int?> CountAsync(CancellationToken cancellationToken) => TryAsync<int?>(async () =>
    {
        if (time.GetElapsedTime(_forgottenAt) > BetweenForgetting)
        {
            _forgottenAt = time.GetTimestamp();
            await store.ForgetAsync(cancellationToken);
        }

        var count = await store.CountAsync(_replica, cancellationToken);
        if (count != _replicas)
        {
            _replicas = count;
            logger.LimitsShared(count);
        }

        return count;
    });

    public Task LeaveAsync(CancellationToken cancellationToken) => TryAsync<int?>(async () =>
    {
        await store.LeaveAsync(_replica, cancellationToken);
        return null;
    });

    private async Task<T?> TryAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            var answer = await ask();
            if (Interlocked.Exchange(ref _isLost, 0) != 0)
            {
                logger.LimitsBack();
            }

            return answer;
        }
        catch (StoreUnavailableException exception)
        {
            if (Interlocked.Exchange(ref _isLost, 1) == 0)
            {
                logger.LimitsLost(exception.Message);
            }

            return default;
        }
    }
}
