using System.Net;
using System.Security.Cryptography;
using System.Text;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Users;

/// <summary>An attempt that was counted, and may be made unless it is <see cref="LockedFor"/> some time.</summary>
/// <param name="Account">How many attempts for the account there were in a row, this one included.</param>
/// <param name="Address">How many from the address.</param>
/// <param name="LockedFor">Null when the attempt may be made.</param>
internal readonly record struct SignInAttempt(long Account, long Address, TimeSpan? LockedFor);

/// <summary>
/// Locks an account, and an address, for a while after several failures, on all replicas at once. Accounts that do not exist are counted like those
/// that do, so that a lock-out tells nothing. What is stored is bounded by what Argon2id lets through: no attempt is counted twice without one check.
/// </summary>
internal sealed class LockOut(SessionStore store, TimeProvider time)
{
    public const int MostPerAccount = 5;
    public const int MostPerAddress = 20;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <summary>Counts an attempt before its password is looked at.</summary>
    public async Task<SignInAttempt> BeginAsync(string email, IPAddress address, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var ofAddress = await store.CountAttemptAsync(SubjectOf(address), MostPerAddress, now, Window, cancellationToken);
        if (ofAddress.Count > MostPerAddress)
        {
            return new SignInAttempt(0, ofAddress.Count, ofAddress.Until - now);
        }

        var ofAccount = await store.CountAttemptAsync(SubjectOf(email), MostPerAccount, now, Window, cancellationToken);
        return new SignInAttempt(ofAccount.Count, ofAddress.Count, ofAccount.Count > MostPerAccount ? ofAccount.Until - now : null);
    }

    /// <summary>The attempt was not made after all.</summary>
    public async Task WithdrawAsync(string email, IPAddress address, CancellationToken cancellationToken)
    {
        await store.UncountAttemptAsync(SubjectOf(email), cancellationToken);
        await store.UncountAttemptAsync(SubjectOf(address), cancellationToken);
    }

    /// <summary>The password was right: the account has a clean slate, and the address its attempt back. Its failures with other accounts remain.</summary>
    public async Task SucceedAsync(string email, IPAddress address, CancellationToken cancellationToken)
    {
        await store.ForgetAttemptsAsync(SubjectOf(email), cancellationToken);
        await store.UncountAttemptAsync(SubjectOf(address), cancellationToken);
    }

    /// <summary>A digest: what strangers typed into the form is nobody's business.</summary>
    private static string SubjectOf(string email) => "account " + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(email)));

    private static string SubjectOf(IPAddress address) => $"address {AddressGuard.PlaceOf(address):N}";
}
