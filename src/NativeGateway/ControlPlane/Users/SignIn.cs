using System.Net;
using System.Security.Cryptography;
using System.Text;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Users;

/// <summary>Why nobody is signed in.</summary>
internal enum SignInFailure
{
    None,

    /// <summary>The account does not exist or the password is another one; which of the two, nobody learns.</summary>
    Wrong,

    /// <summary>Too many failures; even the right password is not looked at.</summary>
    Locked,

    /// <summary>Too many secrets are being checked.</summary>
    Busy,
}

/// <summary>What came of an e-mail address and a password.</summary>
/// <param name="Account">The user whose account was tried, for the audit log only; null when there is none.</param>
/// <param name="User">Set when nothing failed.</param>
/// <param name="RetryAfter">When it may be tried again; null for at once.</param>
internal readonly record struct SignInVerdict(UserConfig? Account, UserConfig? User, SignInFailure Failure, TimeSpan? RetryAfter);

/// <summary>
/// Checks passwords. An unknown account costs the same time and gets the same answer as a wrong password. Argon2id runs on the threads that check
/// keys, bounded in number; nobody gets more of it than <see cref="LockOut"/> and the limit of refused credentials per address let through.
/// </summary>
internal sealed class SignIn(
    RegistryWriter registry, SessionStore sessions, IAuditStore audit, SecretVerifier verifier, SnapshotHolder snapshots, TimeProvider time)
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);

    private readonly LockOut _lockOut = new(sessions, time);
    private readonly AddressGuard _addresses = new(time);

    /// <exception cref="StoreUnavailableException"/>
    public async Task<SignInVerdict> CheckAsync(string email, string password, IPAddress address, string requestId, CancellationToken cancellationToken)
    {
        if (ChargeAddress(address) is { } limited)
        {
            return new SignInVerdict(null, null, SignInFailure.Locked, limited.RetryAfter);
        }

        var account = (await registry.LoadAsync(cancellationToken)).Users.FirstOrDefault(user => user.Email == email);
        var attempt = await _lockOut.BeginAsync(email, address, cancellationToken);
        if (attempt.LockedFor is { } remaining)
        {
            return new SignInVerdict(account, null, SignInFailure.Locked, remaining);
        }

        switch (await VerifyAsync(account?.PasswordHash ?? Argon2id.Decoy, password, address))
        {
            case Argon2Result.Match when account is not null:
                await _lockOut.SucceedAsync(email, address, cancellationToken);
                PayBackAddress(address);
                return new SignInVerdict(account, account, SignInFailure.None, null);

            case null or Argon2Result.OutOfMemory:
                await _lockOut.WithdrawAsync(email, address, cancellationToken);
                PayBackAddress(address);
                return new SignInVerdict(account, null, SignInFailure.Busy, BusyPause);

            default:
                await TellLockAsync(account, attempt, address, requestId);
                return new SignInVerdict(account, null, SignInFailure.Wrong, null);
        }
    }

    /// <summary>The limit of refused credentials, for whoever presents a secret of another kind; null when it is not used up.</summary>
    public GatewayError? ChargeAddress(IPAddress address) => _addresses.Charge(snapshots.Current.Settings.CredentialLimits, address);

    /// <summary>The secret was right.</summary>
    public void PayBackAddress(IPAddress address) => _addresses.PayBack(snapshots.Current.Settings.CredentialLimits, address);

    /// <summary>Null when it was not checked. Not to be given up half-way: whoever hangs up would be counted wrong.</summary>
    private async Task<Argon2Result?> VerifyAsync(string hash, string password, IPAddress address)
    {
        var secret = Encoding.UTF8.GetBytes(password);
        var memory = new KeyMemory(hash);
        memory.Begin([], secret, AddressGuard.PlaceOf(address), out var check);
        CryptographicOperations.ZeroMemory(secret);
        return verifier.TryEnqueue(check!) ? await check!.Outcome : null;
    }

    /// <summary>The failure that locks stands in the audit log besides all failures.</summary>
    private async Task TellLockAsync(UserConfig? account, SignInAttempt attempt, IPAddress address, string requestId)
    {
        var entries = new List<AuditEntry>();
        if (attempt.Account == LockOut.MostPerAccount)
        {
            entries.Add(await EntryAsync("user.locked", account, address, requestId));
        }

        if (attempt.Address == LockOut.MostPerAddress)
        {
            entries.Add(await EntryAsync("address.locked", null, address, requestId));
        }

        if (entries.Count > 0)
        {
            await audit.AppendAsync(entries, CancellationToken.None);
        }
    }

    private async Task<AuditEntry> EntryAsync(string action, UserConfig? account, IPAddress address, string requestId)
    {
        var home = account is null ? null : (await registry.LoadAsync(CancellationToken.None)).Members.FirstOrDefault(member => member.UserId == account.Id);
        return new AuditEntry
        {
            At = time.GetUtcNow(),
            OrganizationId = home?.OrganizationId,
            Actor = account is null ? AuditActor.Key(null, address.ToString()) : AuditActor.User(account.Id, address.ToString()),
            Action = action,
            ResourceType = account is null ? null : "user",
            ResourceId = account?.Id.ToString(),
            RequestId = requestId,
        };
    }
}
