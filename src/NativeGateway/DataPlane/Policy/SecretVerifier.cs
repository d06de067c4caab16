using System.Collections.Concurrent;

namespace NativeGateway.DataPlane.Policy;

/// <summary>
/// The only place where Argon2id runs for requests: a fixed number of threads behind a bounded queue, so that no flood of keys can take more
/// processors or memory than that. Requests wait for the outcome without a thread.
/// </summary>
internal sealed class SecretVerifier : IDisposable
{
    /// <summary>Each may use as much memory as a stored hash names, 19 MiB for our own.</summary>
    private static readonly int DefaultThreads = Math.Clamp(Environment.ProcessorCount / 2, 1, 4);

    /// <summary>Enough for every key of a large installation to come back at once after a restart.</summary>
    private const int DefaultQueueLength = 1024;

    private const int StackSize = 256 * 1024;

    private readonly BlockingCollection<SecretCheck> _queue;
    private readonly Func<string, byte[], Argon2Result> _verify;
    private readonly Thread[] _threads;
    private volatile bool _isStopping;

    public SecretVerifier()
        : this(DefaultThreads, DefaultQueueLength, static (hash, secret) => Argon2id.Verify(hash, secret))
    {
    }

    /// <summary>For tests, which count and hold checks.</summary>
    public SecretVerifier(int threads, int queueLength, Func<string, byte[], Argon2Result> verify)
    {
        _queue = new BlockingCollection<SecretCheck>(queueLength);
        _verify = verify;
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Work, StackSize) { IsBackground = true, Name = "argon2id" };
            _threads[i].Start();
        }
    }

    /// <summary>False when too many wait; the check is abandoned then.</summary>
    public bool TryEnqueue(SecretCheck check)
    {
        if (!_isStopping && _queue.TryAdd(check))
        {
            return true;
        }

        check.Abandon();
        return false;
    }

    /// <summary>Lets the checks that run come to their end and abandons those that wait. Requests must have ceased to come in.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _queue.CompleteAdding();
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _queue.Dispose();
    }

    private void Work()
    {
        foreach (var check in _queue.GetConsumingEnumerable())
        {
            if (_isStopping)
            {
                check.Abandon();
            }
            else
            {
                check.Run(_verify);
            }
        }
    }
}
