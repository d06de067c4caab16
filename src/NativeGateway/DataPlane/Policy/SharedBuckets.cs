using System.Threading.Channels;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>
/// The side of this process of the token buckets that processes share: asks for tokens in rounds, many buckets with one question, and knows how many
/// processes there are. A process that is alone asks nobody. While nobody can be asked, each takes its part of what was last known. One per process.
/// </summary>
internal sealed class SharedBuckets(IBucketSource source, TimeProvider clock)
{
    private const long Nanoseconds = 1_000_000_000;

    private const int MostClaims = 500;

    /// <summary>For how many counts a process that is not counted any more is believed to be there.</summary>
    private const int CountsKept = 3;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AwayPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeavingPatience = TimeSpan.FromSeconds(2);

    private readonly Channel<BucketLease> _asking = Channel.CreateUnbounded<BucketLease>(new UnboundedChannelOptions { SingleReader = true });
    private readonly int[] _counts = new int[CountsKept];
    private readonly Lock _gate = new();
    private HashSet<BucketLease> _held = [];
    private volatile int _processes = 1;
    private volatile int _era;
    private volatile bool _isAway;
    private volatile bool _isLeaving;
    private int _counted;

    /// <summary>How many share the buckets.</summary>
    public int Processes => _processes;

    public bool IsAlone => _processes <= 1;

    /// <summary>Grows whenever this process is not alone any more.</summary>
    public int Era => _era;

    /// <summary>Whether nobody can be asked. Only an answer to a claim ends it.</summary>
    public bool IsAway => _isAway;

    /// <summary>This process ends: it tells and gives back, and asks for nothing more.</summary>
    public bool IsLeaving => _isLeaving;

    public long UnitsOf(TimeSpan span) => span.Ticks * clock.TimestampFrequency / TimeSpan.TicksPerSecond;

    public long UnitsOf(long nanoseconds) => nanoseconds / (Nanoseconds / clock.TimestampFrequency);

    public long NanosecondsOf(long units) => units * (Nanoseconds / clock.TimestampFrequency);

    public void Ask(BucketLease lease) => _asking.Writer.TryWrite(lease);

    /// <summary>Waits for an answer, but not for long: a source that is slow is as good as away.</summary>
    public async Task WaitAsync(Task answer)
    {
        try
        {
            await answer.WaitAsync(Patience, clock).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _isAway = true;
        }
    }

    /// <summary>Makes this process known, and learns of the others. To be done before the first call.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        if (await source.CountAsync(cancellationToken).ConfigureAwait(false) is not { } count)
        {
            _isAway = true;
            return;
        }

        _counts[_counted++ % CountsKept] = count;
        // A count that is too small, because the source has forgotten, would let everybody take everything.
        var processes = _counts.Max();
        if (_processes == 1 && processes > 1)
        {
            _era++;
        }

        _processes = processes;
    }

    /// <summary>Asks and counts until it is told to stop; then gives back what is held.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        Task[] running = [AskAsync(stopping), CountAsync(stopping)];
        var ended = await Task.WhenAny(running).ConfigureAwait(false);
        if (stopping.IsCancellationRequested)
        {
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await LeaveAsync().ConfigureAwait(false);
        }

        await ended.ConfigureAwait(false);
    }

    private async Task AskAsync(CancellationToken stopping)
    {
        while (await _asking.Reader.WaitToReadAsync(stopping).ConfigureAwait(false))
        {
            var isAnswered = await TryAskAsync(Take([]), stopping).ConfigureAwait(false);
            await Task.Delay(isAnswered ? Pace : AwayPause, clock, stopping).ConfigureAwait(false);
        }
    }

    private async Task CountAsync(CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(Beat, clock, stopping).ConfigureAwait(false);
            await JoinAsync(stopping).ConfigureAwait(false);
            lock (_gate)
            {
                _held.RemoveWhere(static lease => !lease.Look());
            }
        }
    }

    private async Task<bool> TryAskAsync(List<BucketLease> leases, CancellationToken cancellationToken)
    {
        var now = clock.GetTimestamp();
        var claims = new BucketClaim[leases.Count];
        for (var i = 0; i < claims.Length; i++)
        {
            claims[i] = leases[i].Claim(now);
        }

        var grants = await source.TakeAsync(claims, cancellationToken).ConfigureAwait(false);
        _isAway = grants is null;
        now = clock.GetTimestamp();
        var byId = new Dictionary<Guid, BucketGrant>(leases.Count);
        foreach (var grant in grants ?? [])
        {
            byId[grant.Id] = grant;
        }

        foreach (var lease in leases)
        {
            Settle(lease, byId, now);
        }

        return grants is not null;
    }

    private void Settle(BucketLease lease, Dictionary<Guid, BucketGrant> grants, long now)
    {
        if (!grants.TryGetValue(lease.Id, out var grant))
        {
            lease.Resume();
            _asking.Writer.TryWrite(lease);
            return;
        }

        lease.Accept(grant, now);
        if (lease.IsOpen)
        {
            lock (_gate)
            {
                _held.Add(lease);
            }
        }
    }

    private List<BucketLease> Take(List<BucketLease> leases)
    {
        while (leases.Count < MostClaims && _asking.Reader.TryRead(out var lease))
        {
            leases.Add(lease);
        }

        return leases;
    }

    /// <summary>Tells and gives back what there is. What cannot be given back stays taken until it has refilled.</summary>
    private async Task LeaveAsync()
    {
        _isLeaving = true;
        using var patience = new CancellationTokenSource(LeavingPatience, clock);
        lock (_gate)
        {
            foreach (var lease in _held)
            {
                lease.Look();
                lease.Look();
            }
        }

        try
        {
            while (Take([]) is { Count: > 0 } leases && await TryAskAsync(leases, patience.Token).ConfigureAwait(false))
            {
            }

            await source.LeaveAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // A stop does not wait for a database that does not answer.
        }
    }
}
