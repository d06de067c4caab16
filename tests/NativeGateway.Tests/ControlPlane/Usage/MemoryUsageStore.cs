using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Tests.ControlPlane.Usage;

/// <summary>A store that can be down, that can lose its answer after it has written, and that tells what it was given.</summary>
internal sealed class MemoryUsageStore : IUsageStore
{
    private readonly Lock _gate = new();
    private readonly List<UsageBatch> _tried = [];
    private readonly Dictionary<Guid, long> _lastNumbers = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<UsageRow> Rows { get; } = [];

    public bool IsDown { get; set; }

    /// <summary>The next batch is written, but its writer does not hear of it.</summary>
    public bool LosesAnswer { get; set; }

    public IReadOnlyList<UsageBatch> Tried
    {
        get
        {
            lock (_gate)
            {
                return [.. _tried];
            }
        }
    }

    /// <summary>Completes with the next batch that is tried, before its writer goes on.</summary>
    public Task Next => _next.Task;

    public Task WriteAsync(UsageBatch batch, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _tried.Add(batch);
            var unavailable = IsDown || LosesAnswer;
            if (!IsDown && _lastNumbers.GetValueOrDefault(batch.Writer) < batch.Number)
            {
                _lastNumbers[batch.Writer] = batch.Number;
                Rows.AddRange(batch.Rows);
            }

            LosesAnswer = false;
            Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            return unavailable ? Task.FromException(new StoreUnavailableException("The database is down.", new IOException())) : Task.CompletedTask;
        }
    }

    public Task<bool> MaintainAsync(UsageRetention retention, DateTimeOffset now, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<UsageRow>> SumAsync(Guid organizationId, UsageQuery query, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<UsageRow>> PageAsync(
        Guid organizationId, UsageQuery query, UsageKey? after, int most, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<UsageFailure>> ListFailuresAsync(Guid organizationId, UsageFailureQuery query, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<UsageFailure>> FindRequestAsync(Guid? organizationId, string requestId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
