using System.Security.Cryptography;

namespace NativeGateway.DataPlane.Policy;

/// <summary>One secret on its way through Argon2id, and everybody who waits for the answer.</summary>
/// <param name="digest">The keyed digest of the presented key, by which waiting requests are told apart.</param>
/// <param name="secret">A copy of the presented secret, wiped after use.</param>
/// <param name="address">Who asked first.</param>
internal sealed class SecretCheck(KeyMemory memory, byte[] digest, byte[] secret, Guid address)
{
    // Continuations run elsewhere: a request must not go on on a thread that is there for Argon2id.
    private readonly TaskCompletionSource<Argon2Result?> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public byte[] Digest => digest;

    public Guid Address => address;

    /// <summary>Null when the check was not made: too many wait, or the gateway stops.</summary>
    public Task<Argon2Result?> Outcome => _outcome.Task;

    /// <summary>Makes the check, unless the right secret has become known in the meantime: then no other one can be.</summary>
    public void Run(Func<string, byte[], Argon2Result> verify)
    {
        try
        {
            Settle(memory.Verified is null ? verify(memory.SecretHash, secret) : Argon2Result.Mismatch);
        }
        catch (Exception fault)
        {
            // A bug or a missing library: it belongs to the requests that wait, not to the thread.
            memory.Settle(this, null);
            _outcome.TrySetException(fault);
        }
    }

    public void Abandon() => Settle(null);

    private void Settle(Argon2Result? outcome)
    {
        CryptographicOperations.ZeroMemory(secret);
        memory.Settle(this, outcome);
        _outcome.TrySetResult(outcome);
    }
}
