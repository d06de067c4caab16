using System.Security.Cryptography;

namespace NativeGateway.DataPlane.Policy;

/// <summary>What the memory of a key says about a presented digest.</summary>
internal enum Recollection
{
    Verified,
    Refused,

    /// <summary>Argon2id is at it; wait for the check.</summary>
    Pending,

    /// <summary>Never seen, and there is room for a check.</summary>
    Unknown,

    /// <summary>Never seen, and enough others wait already.</summary>
    Full,
}

/// <summary>
/// What this process has learned about the secret behind one stored hash: the digest of the right one once it was seen, the last few wrong ones
/// until then, and the checks under way. A rotated key has another hash and so another memory. Any thread.
/// </summary>
internal sealed class KeyMemory(string secretHash)
{
    /// <summary>
    /// A flood of forged secrets for one key id gets no more of Argon2id than this, and from one address only half of it, so that the rightful
    /// owner finds a place as long as the forger does not command several addresses.
    /// </summary>
    private const int MaxPending = 4;
    private const int MaxPendingPerAddress = 2;

    private const int MaxRefused = 16;

    private readonly Lock _gate = new();
    private readonly List<SecretCheck> _pending = [];
    private readonly Queue<byte[]> _refused = [];
    private volatile byte[]? _verified;

    public string SecretHash => secretHash;

    /// <summary>The digest of the right secret, once it is known.</summary>
    public byte[]? Verified => _verified;

    /// <summary>What is known, or the check to wait for.</summary>
    public Recollection Recall(ReadOnlySpan<byte> digest, Guid address, out SecretCheck? check)
    {
        lock (_gate)
        {
            return RecallLocked(digest, address, out check);
        }
    }

    /// <summary>Begins a check when there is still reason and room for one. It has to be run or abandoned.</summary>
    public Recollection Begin(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> secret, Guid address, out SecretCheck? check)
    {
        lock (_gate)
        {
            var known = RecallLocked(digest, address, out check);
            if (known == Recollection.Unknown)
            {
                check = new SecretCheck(this, digest.ToArray(), secret.ToArray(), address);
                _pending.Add(check);
            }

            return known;
        }
    }

    /// <summary>Learns from a check that is over.</summary>
    public void Settle(SecretCheck check, Argon2Result? outcome)
    {
        lock (_gate)
        {
            _pending.Remove(check);
            if (outcome == Argon2Result.Match)
            {
                _verified = check.Digest;
                _refused.Clear();
            }
            else if (outcome == Argon2Result.Mismatch && _verified is null)
            {
                _refused.Enqueue(check.Digest);
                if (_refused.Count > MaxRefused)
                {
                    _refused.Dequeue();
                }
            }
        }
    }

    private Recollection RecallLocked(ReadOnlySpan<byte> digest, Guid address, out SecretCheck? check)
    {
        check = null;
        if (_verified is { } verified)
        {
            return CryptographicOperations.FixedTimeEquals(verified, digest) ? Recollection.Verified : Recollection.Refused;
        }

        foreach (var refused in _refused)
        {
            if (CryptographicOperations.FixedTimeEquals(refused, digest))
            {
                return Recollection.Refused;
            }
        }

        var fromAddress = 0;
        foreach (var pending in _pending)
        {
            if (CryptographicOperations.FixedTimeEquals(pending.Digest, digest))
            {
                check = pending;
                return Recollection.Pending;
            }

            fromAddress += pending.Address == address ? 1 : 0;
        }

        return _pending.Count < MaxPending && fromAddress < MaxPendingPerAddress ? Recollection.Unknown : Recollection.Full;
    }
}
