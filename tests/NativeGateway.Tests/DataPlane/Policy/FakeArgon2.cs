using System.Text;
using NativeGateway.DataPlane.Policy;

namespace NativeGateway.Tests.DataPlane.Policy;

/// <summary>Stands in for Argon2id on the verifier's real threads: counts, and holds checks back until a test lets them go.</summary>
internal sealed class FakeArgon2 : IDisposable
{
    private readonly ManualResetEventSlim _gate = new(true);
    private int _count;
    private int _atOnce;
    private int _most;

    public FakeArgon2(int threads = 2, int queueLength = 64) => Verifier = new SecretVerifier(threads, queueLength, Verify);

    public SecretVerifier Verifier { get; }

    /// <summary>Checks begun.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Most checks that ran at the same time.</summary>
    public int Most => Volatile.Read(ref _most);

    /// <summary>What to answer instead of the truth.</summary>
    public Func<string, byte[], Argon2Result>? Answer { get; set; }

    public static string Hash(byte[] secret) => "fake:" + Encoding.ASCII.GetString(secret);

    public void Hold() => _gate.Reset();

    public void Release() => _gate.Set();

    public void Dispose()
    {
        Release();
        Verifier.Dispose();
        _gate.Dispose();
    }

    private Argon2Result Verify(string hash, byte[] secret)
    {
        Interlocked.Increment(ref _count);
        var atOnce = Interlocked.Increment(ref _atOnce);
        Interlocked.CompareExchange(ref _most, atOnce, atOnce - 1);
        try
        {
            _gate.Wait();
            return Answer?.Invoke(hash, secret) ?? (hash == Hash(secret) ? Argon2Result.Match : Argon2Result.Mismatch);
        }
        finally
        {
            Interlocked.Decrement(ref _atOnce);
        }
    }
}
