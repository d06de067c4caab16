using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>Who is calling, or why that is not answered. Exactly one of the two is set.</summary>
internal readonly record struct Identification(Caller? Caller, GatewayError? Error)
{
    /// <summary>Whose secret it was, of a request that is refused for another reason.</summary>
    public Caller? Known { get; init; }
}

/// <summary>Who was identified by one state of the registry.</summary>
internal sealed record CallerProof(Snapshot Snapshot, Caller Caller);

/// <summary>
/// Tells who is calling by the key that a request carries. A key that this process has seen before is decided at once and without allocating,
/// by a digest under a random key that never leaves the process; the first use of a key waits for Argon2id on other threads. One per process.
/// </summary>
internal sealed class Authenticator(TimeProvider clock, SecretVerifier verifier)
{
    private const int DigestLength = SHA256.HashSizeInBytes;

    /// <summary>The same words whatever is wrong with a key: which ids exist, and what became of them, is nobody's business.</summary>
    private const string NotValid = "The API key is not valid.";

    private static readonly TimeSpan BusyRetry = TimeSpan.FromSeconds(1);

    private readonly byte[] _processKey = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, KeyMemory> _memories = new(StringComparer.Ordinal);
    private readonly AddressGuard _addresses = new(clock);
    private readonly WeakReference<Snapshot?> _swept = new(null);

    /// <summary>Keys that something is remembered of.</summary>
    public int MemoryCount => _memories.Count;

    /// <summary>
    /// The caller of an earlier request with the same credential from the same address and for the same scopes, as long as nothing has changed that
    /// this rests on. Null when it has to be looked up.
    /// </summary>
    public Caller? Recall(Snapshot snapshot, CallerProof? proof) =>
        proof is not null && ReferenceEquals(proof.Snapshot, snapshot) && WhyUnusable(proof.Caller) is null ? proof.Caller : null;

    /// <param name="credential">The key's text; empty when the request carries none.</param>
    /// <param name="address">Where the caller is, behind trusted proxies as they say.</param>
    /// <param name="required">All of these scopes the key has to have.</param>
    public ValueTask<Identification> IdentifyAsync(
        Snapshot snapshot, ReadOnlyMemory<byte> credential, IPAddress address, KeyScopes required, CancellationToken cancellationToken)
    {
        if (credential.IsEmpty)
        {
            return new(snapshot.Anonymous is { } anonymous
                ? Admit(anonymous, address, required)
                : Refuse(snapshot, address, "The request carries no API key.", "An API key is required."));
        }

        if (!ApiKey.TryParse(credential.Span, out var key))
        {
            return new(Refuse(snapshot, address, "The presented key has not the form of a key, or a wrong checksum."));
        }

        if (!snapshot.Callers.TryGet(key.Id, out var caller))
        {
            return new(Refuse(snapshot, address, $"There is no key '{Encoding.ASCII.GetString(key.Id)}'."));
        }

        if (WhyUnusable(caller) is { } why)
        {
            return new(Refuse(snapshot, address, $"Key '{caller.KeyId}' {why}."));
        }

        Span<byte> digest = stackalloc byte[DigestLength];
        if (caller.SecretDigest is { } expected)
        {
            SHA256.HashData(credential.Span, digest);
            return new(CryptographicOperations.FixedTimeEquals(expected, digest)
                ? Admit(caller, address, required)
                : RefuseSecret(snapshot, caller, address));
        }

        var memory = RecallKey(snapshot, caller);
        WriteDigest(credential.Span, digest);
        if (memory.Verified is { } verified)
        {
            return new(CryptographicOperations.FixedTimeEquals(verified, digest)
                ? Admit(caller, address, required)
                : RefuseSecret(snapshot, caller, address));
        }

        return VerifyFirstUse(snapshot, caller, memory, digest, key.Secret, address, required, cancellationToken);
    }

    private ValueTask<Identification> VerifyFirstUse(
        Snapshot snapshot,
        Caller caller,
        KeyMemory memory,
        ReadOnlySpan<byte> digest,
        ReadOnlySpan<byte> secret,
        IPAddress address,
        KeyScopes required,
        CancellationToken cancellationToken)
    {
        var place = AddressGuard.PlaceOf(address);
        var known = memory.Recall(digest, place, out var check);
        var isFirst = false;
        if (known == Recollection.Unknown)
        {
            // The one who causes the work pays in advance and is paid back when the secret was right; those who join pay when it was wrong.
            if (_addresses.Charge(snapshot.Settings.CredentialLimits, address) is { } limited)
            {
                return new(new Identification(null, limited));
            }

            known = memory.Begin(digest, secret, place, out check);
            isFirst = known == Recollection.Unknown;
            if (isFirst)
            {
                verifier.TryEnqueue(check!);
            }
            else
            {
                _addresses.PayBack(snapshot.Settings.CredentialLimits, address);
            }
        }

        return known switch
        {
            Recollection.Verified => new(Admit(caller, address, required)),
            Recollection.Refused => new(RefuseSecret(snapshot, caller, address)),
            Recollection.Full => new(Busy($"Enough secrets for key '{caller.KeyId}' are being checked already.")),
            _ => AwaitAsync(snapshot, caller, check!, isFirst, address, required, cancellationToken),
        };
    }

    private async ValueTask<Identification> AwaitAsync(
        Snapshot snapshot, Caller caller, SecretCheck check, bool isFirst, IPAddress address, KeyScopes required, CancellationToken cancellationToken)
    {
        Argon2Result? outcome;
        try
        {
            outcome = await check.Outcome.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new(null, new GatewayError(ErrorKind.ClientGone, "The request was cancelled while its key was checked."));
        }

        if (isFirst && outcome is not Argon2Result.Mismatch)
        {
            _addresses.PayBack(snapshot.Settings.CredentialLimits, address);
        }

        return outcome switch
        {
            Argon2Result.Match => Admit(caller, address, required),
            Argon2Result.Mismatch when isFirst => new(null, Unauthenticated(WrongSecret(caller))),
            Argon2Result.Mismatch => RefuseSecret(snapshot, caller, address),
            Argon2Result.BadHash => Refuse(snapshot, address, $"The stored hash of key '{caller.KeyId}' cannot be used; rotate the key."),
            Argon2Result.OutOfMemory => Busy("There is not enough memory to check a key with Argon2id."),
            _ => Busy("Too many keys are being checked for the first time."),
        };
    }

    /// <summary>The memory that belongs to the caller's present hash.</summary>
    private KeyMemory RecallKey(Snapshot snapshot, Caller caller)
    {
        var hash = caller.SecretHash ?? "";
        while (true)
        {
            if (!_memories.TryGetValue(caller.KeyId, out var memory))
            {
                ForgetAbsent(snapshot);
                _memories.TryAdd(caller.KeyId, new KeyMemory(hash));
            }
            else if (memory.SecretHash == hash)
            {
                return memory;
            }
            else
            {
                _memories.TryUpdate(caller.KeyId, new KeyMemory(hash), memory);
            }
        }
    }

    /// <summary>Once per snapshot, before something new is remembered: forgets the keys that it does not have. Keeps memory bounded by what exists.</summary>
    private void ForgetAbsent(Snapshot snapshot)
    {
        if (_swept.TryGetTarget(out var last) && ReferenceEquals(last, snapshot))
        {
            return;
        }

        _swept.SetTarget(snapshot);
        Span<byte> id = stackalloc byte[ApiKey.IdLength];
        foreach (var (keyId, _) in _memories)
        {
            if (!Encoding.ASCII.TryGetBytes(keyId, id, out var length) || !snapshot.Callers.TryGet(id[..length], out _))
            {
                _memories.TryRemove(keyId, out _);
            }
        }
    }

    private string? WhyUnusable(Caller caller) => caller switch
    {
        { RevokedAt: not null } => "is revoked",
        { ExpiresAt: { } end } when end <= clock.GetUtcNow() => "has expired",
        { OrganizationSuspended: true } => "belongs to a suspended organization",
        { Workspace: null } => "acts in a workspace that does not exist",
        _ => null,
    };

    private static Identification Admit(Caller caller, IPAddress address, KeyScopes required)
    {
        if (caller.AllowedNetworks is { } networks && !networks.Contains(address))
        {
            return new(null, new GatewayError(ErrorKind.ForbiddenAddress, "Requests from this address are not allowed.")
            {
                Detail = $"The address is on none of the allowed networks of organization {caller.OrganizationId}.",
            })
            {
                Known = caller,
            };
        }

        return (caller.Scopes & required) == required
            ? new(caller, null)
            : new(null, new GatewayError(ErrorKind.Forbidden, "This key lacks the scope for this.")
            {
                Detail = $"Key '{caller.KeyId}' has the scopes {caller.Scopes}; {required} is needed.",
            })
            {
                Known = caller,
            };
    }

    private Identification RefuseSecret(Snapshot snapshot, Caller caller, IPAddress address) => Refuse(snapshot, address, WrongSecret(caller));

    private Identification Refuse(Snapshot snapshot, IPAddress address, string detail, string message = NotValid) =>
        new(null, _addresses.Charge(snapshot.Settings.CredentialLimits, address) ?? Unauthenticated(detail, message));

    private static GatewayError Unauthenticated(string detail, string message = NotValid) =>
        new(ErrorKind.Unauthenticated, message) { Detail = detail };

    private static string WrongSecret(Caller caller) => $"The secret presented for key '{caller.KeyId}' is wrong.";

    private static Identification Busy(string detail) =>
        new(null, new GatewayError(ErrorKind.Saturated, "The gateway is busy checking keys; try again.") { Detail = detail, RetryAfter = BusyRetry });

    /// <summary>Both parts have fixed lengths, so a plain hash over one after the other is a sound keyed hash here, at half the price of an HMAC.</summary>
    private void WriteDigest(ReadOnlySpan<byte> text, Span<byte> digest)
    {
        Span<byte> keyed = stackalloc byte[_processKey.Length + ApiKey.Length];
        _processKey.CopyTo(keyed);
        text.CopyTo(keyed[_processKey.Length..]);
        SHA256.HashData(keyed, digest);
    }
}
