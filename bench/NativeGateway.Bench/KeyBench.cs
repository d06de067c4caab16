using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Bench;

/// <summary>Identifying a caller whose key this process has verified before.</summary>
public class KeyBench
{
    private readonly IPAddress _address = IPAddress.Parse("192.0.2.1");
    private readonly SecretVerifier _verifier = new();
    private Authenticator _authenticator = null!;
    private Snapshot _snapshot = null!;
    private byte[] _text = [];

    [GlobalSetup]
    public void Setup()
    {
        var key = ApiKey.Create();
        _text = Encoding.ASCII.GetBytes(key.Text);
        _snapshot = Samples.Snapshot(Samples.Key(key.Id, Argon2id.Hash(key.Secret)), Samples.GitHub());
        _authenticator = new Authenticator(TimeProvider.System, _verifier);

        // The in-process toolchain does not wait for an asynchronous setup.
        _authenticator.IdentifyAsync(_snapshot, _text, _address, KeyScopes.Mcp, default).AsTask().GetAwaiter().GetResult();
    }

    [GlobalCleanup]
    public void Cleanup() => _verifier.Dispose();

    [Benchmark]
    public bool VerifiedKey()
    {
        var identification = _authenticator.IdentifyAsync(_snapshot, _text, _address, KeyScopes.Mcp, default);
        return identification.IsCompletedSuccessfully && identification.Result.Caller is not null
            ? true
            : throw new InvalidOperationException("The key is not known.");
    }
}
