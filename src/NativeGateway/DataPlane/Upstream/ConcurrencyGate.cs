namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// How many calls of one upstream may be under way at once. A few more wait a little for a place; beyond that they are refused, so that a
/// server that hangs holds a bounded part of the gateway. Entering with places left takes no lock and allocates nothing. Any thread.
/// </summary>
internal sealed class ConcurrencyGate(TimeProvider time)
{
    public const int MaxWaiting = 128;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _queue = [];
    private int _limit;
    private int _running;
    private int _waiting;

    public int Running => Volatile.Read(ref _running);

    public int Waiting => Volatile.Read(ref _waiting);

    /// <param name="limit">As configured now; those who wait follow it.</param>
    public bool TryEnter(int limit)
    {
        Volatile.Write(ref _limit, limit);
        return TryTake();
    }

    /// <summary>For whom <see cref="TryEnter"/> had no place: true with a place, false without one.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<TaskCompletionSource<bool>> node;
        lock (_gate)
        {
            if (_waiting >= MaxWaiting)
            {
                return false;
            }

            node = _queue.AddLast(turn);
            Interlocked.Increment(ref _waiting);
        }

        // Whoever left before the line above did not see that somebody waits.
        Admit();
        try
        {
            return await turn.Task.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return !turn.TrySetResult(false);
        }
        catch (OperationCanceledException)
        {
            if (!turn.TrySetResult(false))
            {
                Leave();
            }

            throw;
        }
        finally
        {
            Forget(node);
        }
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _running);
        if (Waiting > 0)
        {
            Admit();
        }
    }

    private bool TryTake()
    {
        var limit = Volatile.Read(ref _limit);
        var running = Running;
        while (running < limit)
        {
            var seen = Interlocked.CompareExchange(ref _running, running + 1, running);
            if (seen == running)
            {
                return true;
            }

            running = seen;
        }

        return false;
    }

    private void Admit()
    {
        lock (_gate)
        {
            while (_queue.First is { } first && TryTake())
            {
                _queue.RemoveFirst();
                Interlocked.Decrement(ref _waiting);
                if (!first.Value.TrySetResult(true))
                {
                    Interlocked.Decrement(ref _running);
                }
            }
        }
    }

    private void Forget(LinkedListNode<TaskCompletionSource<bool>> node)
    {
        lock (_gate)
        {
            if (node.List is not null)
            {
                _queue.Remove(node);
                Interlocked.Decrement(ref _waiting);
            }
        }
    }
}
