using System.Text;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Policy;

/// <summary>Who is admitted and what the others are told. How first uses are bounded is in <see cref="FirstUseTests"/>.</summary>
public sealed class AuthenticatorTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly FakeArgon2 _argon2 = new();
    private readonly Authenticator _authenticator;
    private readonly NewApiKey _key = ApiKey.Create();

    public AuthenticatorTests() => _authenticator = new Authenticator(_clock, _argon2.Verifier);

    public void Dispose() => _argon2.Dispose();

    [Fact]
    public async Task The_right_key_is_admitted_and_argon2_runs_once()
    {
        var snapshot = Snapshot();

        for (var i = 0; i < 5; i++)
        {
            var identification = await Identify(snapshot, _key.Text);
            Assert.Null(identification.Error);
            Assert.Same(snapshot.Caller(_key.Id), identification.Caller);
        }

        Assert.Equal(1, _argon2.Count);
    }

    [Fact]
    public async Task A_real_hash_is_verified_by_the_real_threads()
    {
        using var verifier = new SecretVerifier();
        var authenticator = new Authenticator(_clock, verifier);
        var snapshot = PolicyFixture.Snapshot([PolicyFixture.Key(_key.Id, Argon2id.Hash(_key.Secret))]);

        Assert.Equal(ErrorKind.Unauthenticated, (await authenticator.IdentifyAsync(snapshot, PolicyFixture.Forge(_key), PolicyFixture.Here, KeyScopes.Mcp, default)).Error?.Kind);
        Assert.NotNull((await authenticator.IdentifyAsync(snapshot, Bytes(_key.Text), PolicyFixture.Here, KeyScopes.Mcp, default)).Caller);
    }

    [Fact]
    public async Task A_known_key_is_decided_at_once_without_allocating()
    {
        var snapshot = Snapshot();
        var text = Bytes(_key.Text);
        await Identify(snapshot, _key.Text);
        await Identify(snapshot, _key.Text);

        // Would it not be decided at once, the test method itself would be suspended, which allocates.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var identification = await _authenticator.IdentifyAsync(snapshot, text, PolicyFixture.Here, KeyScopes.Mcp, default);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.NotNull(identification.Caller);
    }

    [Fact]
    public async Task A_wrong_secret_for_a_known_key_is_refused_at_once_without_argon2()
    {
        var snapshot = Snapshot();
        await Identify(snapshot, _key.Text);

        _argon2.Hold();
        var attempt = _authenticator.IdentifyAsync(snapshot, PolicyFixture.Forge(_key), PolicyFixture.Here, KeyScopes.Mcp, default).AsTask();

        Assert.True(attempt.IsCompletedSuccessfully);
        Assert.Equal(ErrorKind.Unauthenticated, (await attempt).Error?.Kind);
        Assert.Equal(1, _argon2.Count);
    }

    [Fact]
    public async Task Without_a_credential_one_is_anonymous_where_that_is_allowed()
    {
        var open = PolicyFixture.Snapshot([Config()], anonymous: true);

        Assert.Same(open.Anonymous, (await Identify(open, "")).Caller);
        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(Snapshot(), "")).Error?.Kind);

        // A credential that is given must be right even there.
        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(open, "nonsense")).Error?.Kind);
    }

    [Fact]
    public async Task Whatever_is_wrong_with_a_key_is_told_in_the_same_words()
    {
        var right = Snapshot();
        var forged = Encoding.ASCII.GetString(PolicyFixture.Forge(_key));
        var suspended = PolicyFixture.Snapshot([Config()], organization: PolicyFixture.Organization with { Suspended = true });
        var answers = new List<GatewayError?>
        {
            (await Identify(right, "nonsense")).Error,
            (await Identify(right, _key.Text[..^1] + (_key.Text[^1] == 'a' ? 'b' : 'a'))).Error,
            (await Identify(right, ApiKey.Create().Text)).Error,
            (await Identify(right, forged)).Error,
            (await Identify(Snapshot(Config() with { RevokedAt = _clock.GetUtcNow() }), _key.Text)).Error,
            (await Identify(Snapshot(Config() with { ExpiresAt = _clock.GetUtcNow() }), _key.Text)).Error,
            (await Identify(Snapshot(Config() with { WorkspaceId = Guid.NewGuid() }), _key.Text)).Error,
            (await Identify(suspended, _key.Text)).Error,
        };

        Assert.All(answers, answer =>
        {
            Assert.Equal(ErrorKind.Unauthenticated, answer?.Kind);
            Assert.Equal("The API key is not valid.", answer?.Message);
            Assert.NotNull(answer?.Detail);
            Assert.DoesNotContain(Encoding.ASCII.GetString(_key.Secret)[..6], answer.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(forged[17..23], answer.ToString(), StringComparison.Ordinal);
        });
        Assert.Equal(1, _argon2.Count);
    }

    [Fact]
    public async Task A_key_expires_by_the_clock_without_a_new_snapshot()
    {
        var snapshot = Snapshot(Config() with { ExpiresAt = _clock.GetUtcNow() + TimeSpan.FromSeconds(10) });

        Assert.NotNull((await Identify(snapshot, _key.Text)).Caller);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(snapshot, _key.Text)).Error?.Kind);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_though_its_secret_is_remembered()
    {
        await Identify(Snapshot(), _key.Text);

        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(Snapshot(Config() with { RevokedAt = _clock.GetUtcNow() }), _key.Text)).Error?.Kind);
    }

    [Fact]
    public async Task A_rotated_key_is_checked_anew()
    {
        await Identify(Snapshot(), _key.Text);
        var rotated = PolicyFixture.Forge(_key);
        var snapshot = Snapshot(Config() with { SecretHash = FakeArgon2.Hash(rotated[17..60]) });

        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(snapshot, _key.Text)).Error?.Kind);
        Assert.NotNull((await Identify(snapshot, Encoding.ASCII.GetString(rotated))).Caller);
        Assert.Equal(3, _argon2.Count);
    }

    [Fact]
    public async Task Keys_that_left_the_snapshot_are_forgotten()
    {
        var others = Enumerable.Range(0, 20).Select(_ => ApiKey.Create()).ToList();
        var before = PolicyFixture.Snapshot([.. others.Select(key => PolicyFixture.Key(key.Id, FakeArgon2.Hash(key.Secret)))]);
        foreach (var other in others)
        {
            await Identify(before, other.Text);
        }

        Assert.Equal(20, _authenticator.MemoryCount);
        await Identify(PolicyFixture.Snapshot([Config(), PolicyFixture.Key(others[0].Id, FakeArgon2.Hash(others[0].Secret))]), _key.Text);
        Assert.Equal(2, _authenticator.MemoryCount);
    }

    [Fact]
    public async Task A_key_from_the_file_is_compared_without_argon2()
    {
        var file = new FileKey("file", _key.Id, ApiKey.Digest(Bytes(_key.Text)), KeyScopes.Mcp, PermissionConfig.Everything);
        var snapshot = PolicyFixture.Snapshot([], fileKeys: [file]);

        Assert.NotNull((await Identify(snapshot, _key.Text)).Caller);
        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(snapshot, Encoding.ASCII.GetString(PolicyFixture.Forge(_key)))).Error?.Kind);
        Assert.Equal(0, _argon2.Count);

        var text = Bytes(_key.Text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await _authenticator.IdentifyAsync(snapshot, text, PolicyFixture.Here, KeyScopes.Mcp, default);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task A_caller_must_come_from_an_allowed_network()
    {
        var snapshot = PolicyFixture.Snapshot([Config()], organization: PolicyFixture.Organization with { AllowedNetworks = ["192.0.2.0/24"] });

        Assert.NotNull((await Identify(snapshot, _key.Text)).Caller);
        var refused = await _authenticator.IdentifyAsync(snapshot, Bytes(_key.Text), PolicyFixture.There, KeyScopes.Mcp, default);
        Assert.Equal(ErrorKind.ForbiddenAddress, refused.Error?.Kind);
        Assert.Null(refused.Caller);

        // To somebody without a right key the list does not show.
        var forged = await _authenticator.IdentifyAsync(snapshot, PolicyFixture.Forge(_key), PolicyFixture.There, KeyScopes.Mcp, default);
        Assert.Equal(ErrorKind.Unauthenticated, forged.Error?.Kind);
    }

    [Theory]
    [InlineData(KeyScopes.Mcp, KeyScopes.Mcp, true)]
    [InlineData(KeyScopes.Mcp | KeyScopes.AdminRead, KeyScopes.AdminRead, true)]
    [InlineData(KeyScopes.AdminRead | KeyScopes.AdminWrite, KeyScopes.Mcp, false)]
    [InlineData(KeyScopes.AdminRead, KeyScopes.AdminRead | KeyScopes.AdminWrite, false)]
    [InlineData(KeyScopes.None, KeyScopes.Mcp, false)]
    internal async Task The_key_needs_the_scope(KeyScopes scopes, KeyScopes required, bool admitted)
    {
        var snapshot = Snapshot(Config() with { Scopes = scopes });

        var identification = await _authenticator.IdentifyAsync(snapshot, Bytes(_key.Text), PolicyFixture.Here, required, default);

        Assert.Equal(admitted, identification.Caller is not null);
        Assert.Equal(admitted ? null : ErrorKind.Forbidden, identification.Error?.Kind);
    }

    [Fact]
    public async Task A_stored_hash_that_cannot_be_used_admits_nobody_and_is_told_to_the_operator()
    {
        _argon2.Answer = (_, _) => Argon2Result.BadHash;

        var error = (await Identify(Snapshot(), _key.Text)).Error;

        Assert.Equal(ErrorKind.Unauthenticated, error?.Kind);
        Assert.Contains("rotate the key", error?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lack_of_memory_is_no_verdict_on_a_key()
    {
        _argon2.Answer = (_, _) => Argon2Result.OutOfMemory;
        var error = (await Identify(Snapshot(), _key.Text)).Error;
        Assert.Equal(ErrorKind.Saturated, error?.Kind);
        Assert.NotNull(error?.RetryAfter);

        _argon2.Answer = null;
        Assert.NotNull((await Identify(Snapshot(), _key.Text)).Caller);
    }

    private ValueTask<Identification> Identify(Snapshot snapshot, string credential) =>
        _authenticator.IdentifyAsync(snapshot, Bytes(credential), PolicyFixture.Here, KeyScopes.Mcp, default);

    private Snapshot Snapshot(KeyConfig? key = null) => PolicyFixture.Snapshot([key ?? Config()]);

    private KeyConfig Config() => PolicyFixture.Key(_key.Id, FakeArgon2.Hash(_key.Secret));

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
