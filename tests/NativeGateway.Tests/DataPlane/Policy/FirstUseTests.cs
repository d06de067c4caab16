using System.Net;
using System.Text;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Policy;

/// <summary>First uses of keys: what Argon2id may cost, and that a flood neither takes the processors nor shuts the owner out.</summary>
public sealed class FirstUseTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly FakeArgon2 _argon2 = new();
    private readonly Authenticator _authenticator;
    private readonly NewApiKey _key = ApiKey.Create();
    private readonly Snapshot _snapshot;

    public FirstUseTests()
    {
        _authenticator = new Authenticator(_clock, _argon2.Verifier);
        _snapshot = PolicyFixture.Snapshot([PolicyFixture.Key(_key.Id, FakeArgon2.Hash(_key.Secret))]);
    }

    public void Dispose() => _argon2.Dispose();

    [Fact]
    public async Task A_thousand_first_requests_with_one_key_cost_one_argon2()
    {
        _argon2.Hold();
        var requests = Enumerable.Range(0, 1_000).Select(_ => Identify(Owner)).ToArray();
        Assert.DoesNotContain(requests, request => request.IsCompleted);

        _argon2.Release();
        var answers = await Task.WhenAll(requests);

        Assert.All(answers, answer => Assert.NotNull(answer.Caller));
        Assert.Equal(1, _argon2.Count);
    }

    [Fact]
    public async Task A_thousand_first_requests_from_as_many_threads_as_there_are_cost_one_argon2()
    {
        _argon2.Hold();
        var requests = new Task<Identification>[1_000];
        Parallel.For(0, requests.Length, i => requests[i] = Identify(Owner));
        _argon2.Release();

        Assert.All(await Task.WhenAll(requests), answer => Assert.NotNull(answer.Caller));
        Assert.Equal(1, _argon2.Count);
    }

    [Fact]
    public async Task A_wrong_secret_costs_one_argon2_however_often_it_comes()
    {
        var forged = PolicyFixture.Forge(_key);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(ErrorKind.Unauthenticated, (await Identify(forged)).Error?.Kind);
        }

        Assert.Equal(1, _argon2.Count);
    }

    [Fact]
    public async Task All_who_wait_for_a_wrong_secret_are_refused_and_charged()
    {
        _argon2.Hold();
        var forged = PolicyFixture.Forge(_key);
        var requests = Enumerable.Range(0, 40).Select(_ => Identify(forged)).ToArray();
        _argon2.Release();
        var answers = await Task.WhenAll(requests);

        Assert.Equal(30, answers.Count(answer => answer.Error?.Kind == ErrorKind.Unauthenticated));
        Assert.Equal(10, answers.Count(answer => answer.Error?.Kind == ErrorKind.RateLimited));
    }

    [Fact]
    public async Task A_flood_of_forged_secrets_from_one_address_leaves_the_owner_a_place()
    {
        _argon2.Hold();
        var flood = Enumerable.Range(0, 500).Select(_ => Identify(PolicyFixture.Forge(_key), PolicyFixture.There)).ToArray();
        var owner = Identify(Owner);
        _argon2.Release();

        Assert.NotNull((await owner).Caller);
        Assert.All(await Task.WhenAll(flood), answer => Assert.Null(answer.Caller));
        Assert.InRange(_argon2.Count, 1, 3);
    }

    [Fact]
    public async Task A_flood_from_many_addresses_costs_no_more_than_a_few_argon2_at_a_time()
    {
        _argon2.Hold();
        var flood = Enumerable.Range(0, 500).Select(i => Identify(PolicyFixture.Forge(_key), new IPAddress([10, 0, (byte)(i >> 8), (byte)i]))).ToArray();

        Assert.Equal(496, flood.Count(request => request.IsCompleted));
        _argon2.Release();
        var answers = await Task.WhenAll(flood);

        Assert.Equal(496, answers.Count(answer => answer.Error is { Kind: ErrorKind.Saturated, RetryAfter: not null }));
        Assert.Equal(4, _argon2.Count);
        Assert.NotNull((await Identify(Owner)).Caller);
    }

    [Fact]
    public async Task Once_the_owner_is_known_waiting_forgeries_cost_nothing_more()
    {
        using var argon2 = new FakeArgon2(threads: 1);
        var authenticator = new Authenticator(_clock, argon2.Verifier);
        argon2.Hold();
        var owner = authenticator.IdentifyAsync(_snapshot, Owner, PolicyFixture.Here, KeyScopes.Mcp, default).AsTask();
        var forgeries = Enumerable.Range(0, 2)
            .Select(_ => authenticator.IdentifyAsync(_snapshot, PolicyFixture.Forge(_key), PolicyFixture.There, KeyScopes.Mcp, default).AsTask()).ToArray();
        argon2.Release();

        Assert.NotNull((await owner).Caller);
        Assert.All(await Task.WhenAll(forgeries), answer => Assert.Equal(ErrorKind.Unauthenticated, answer.Error?.Kind));
        Assert.Equal(1, argon2.Count);
    }

    [Fact]
    public async Task Only_as_many_checks_run_at_once_as_there_are_threads()
    {
        var keys = Enumerable.Range(0, 20).Select(_ => ApiKey.Create()).ToArray();
        var snapshot = PolicyFixture.Snapshot([.. keys.Select(key => PolicyFixture.Key(key.Id, FakeArgon2.Hash(key.Secret)))]);
        _argon2.Hold();
        var requests = keys.Select(key => _authenticator.IdentifyAsync(snapshot, Bytes(key.Text), PolicyFixture.Here, KeyScopes.Mcp, default).AsTask()).ToArray();
        _argon2.Release();

        Assert.All(await Task.WhenAll(requests), answer => Assert.NotNull(answer.Caller));
        Assert.Equal(20, _argon2.Count);
        Assert.InRange(_argon2.Most, 1, 2);
    }

    [Fact]
    public async Task A_full_queue_is_told_as_saturation_and_leaves_no_trace()
    {
        using var argon2 = new FakeArgon2(threads: 1, queueLength: 1);
        var authenticator = new Authenticator(_clock, argon2.Verifier);
        var keys = Enumerable.Range(0, 10).Select(_ => ApiKey.Create()).ToArray();
        var snapshot = PolicyFixture.Snapshot([.. keys.Select(key => PolicyFixture.Key(key.Id, FakeArgon2.Hash(key.Secret)))]);
        argon2.Hold();
        var requests = keys.Select(key => authenticator.IdentifyAsync(snapshot, Bytes(key.Text), PolicyFixture.Here, KeyScopes.Mcp, default).AsTask()).ToArray();
        argon2.Release();
        var answers = await Task.WhenAll(requests);

        // One at work and one in the queue; with luck the first was taken out before the second came.
        Assert.InRange(answers.Count(answer => answer.Caller is not null), 1, 2);
        Assert.All(answers.Where(answer => answer.Caller is null), answer => Assert.Equal(ErrorKind.Saturated, answer.Error?.Kind));
        foreach (var key in keys)
        {
            Assert.NotNull((await authenticator.IdentifyAsync(snapshot, Bytes(key.Text), PolicyFixture.Here, KeyScopes.Mcp, default)).Caller);
        }
    }

    [Fact]
    public async Task A_client_that_goes_away_while_it_waits_is_let_go_and_the_check_still_counts()
    {
        _argon2.Hold();
        using var source = new CancellationTokenSource();
        var gone = _authenticator.IdentifyAsync(_snapshot, Owner, PolicyFixture.Here, KeyScopes.Mcp, source.Token).AsTask();
        await source.CancelAsync();
        Assert.Equal(ErrorKind.ClientGone, (await gone).Error?.Kind);

        var next = Identify(Owner);
        _argon2.Release();
        Assert.NotNull((await next).Caller);
        Assert.Equal(1, _argon2.Count);
    }

    [Fact]
    public async Task A_fault_of_argon2_reaches_the_request_and_the_next_one_tries_again()
    {
        _argon2.Answer = (_, _) => throw new DllNotFoundException("argon2");
        await Assert.ThrowsAsync<DllNotFoundException>(() => Identify(Owner));

        _argon2.Answer = null;
        Assert.NotNull((await Identify(Owner)).Caller);
    }

    [Fact]
    public async Task Stopping_answers_those_who_wait()
    {
        var argon2 = new FakeArgon2(threads: 1);
        var authenticator = new Authenticator(_clock, argon2.Verifier);
        argon2.Hold();
        var waiting = Enumerable.Range(0, 4)
            .Select(i => authenticator.IdentifyAsync(_snapshot, PolicyFixture.Forge(_key), new IPAddress([10, 0, 0, (byte)i]), KeyScopes.Mcp, default).AsTask()).ToArray();
        argon2.Dispose();

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Null(answer.Caller));
        Assert.Equal(ErrorKind.Saturated, (await authenticator.IdentifyAsync(_snapshot, Owner, PolicyFixture.Here, KeyScopes.Mcp, default)).Error?.Kind);
    }

    [Fact]
    public async Task Refused_attempts_are_charged_to_the_address_until_it_is_told_to_wait()
    {
        var answers = new List<ErrorKind?>();
        for (var i = 0; i < 32; i++)
        {
            answers.Add((await Identify(Bytes(i % 2 == 0 ? "nonsense" : ""))).Error?.Kind);
        }

        Assert.All(answers[..30], kind => Assert.Equal(ErrorKind.Unauthenticated, kind));
        Assert.All(answers[30..], kind => Assert.Equal(ErrorKind.RateLimited, kind));

        var error = (await Identify(Bytes("nonsense"))).Error!;
        Assert.Equal("address", error.LimitScope);
        Assert.Contains("\"scope\":\"address\"", Encoding.UTF8.GetString(error.Data.Span), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(1), error.RetryAfter);
        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(Bytes("nonsense"), PolicyFixture.There)).Error?.Kind);

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorKind.Unauthenticated, (await Identify(Bytes("nonsense"))).Error?.Kind);
    }

    [Fact]
    public async Task An_address_without_tokens_gets_no_argon2_but_known_keys_go_on()
    {
        await Identify(Owner);
        for (var i = 0; i < 40; i++)
        {
            await Identify(Bytes("nonsense"));
        }

        var other = ApiKey.Create();
        var snapshot = PolicyFixture.Snapshot([PolicyFixture.Key(_key.Id, FakeArgon2.Hash(_key.Secret)), PolicyFixture.Key(other.Id, FakeArgon2.Hash(other.Secret))]);
        var refused = await _authenticator.IdentifyAsync(snapshot, Bytes(other.Text), PolicyFixture.Here, KeyScopes.Mcp, default);

        Assert.Equal(ErrorKind.RateLimited, refused.Error?.Kind);
        Assert.Equal(1, _argon2.Count);
        Assert.NotNull((await _authenticator.IdentifyAsync(snapshot, Owner, PolicyFixture.Here, KeyScopes.Mcp, default)).Caller);
    }

    [Fact]
    public async Task A_right_first_use_costs_the_address_nothing()
    {
        var keys = Enumerable.Range(0, 60).Select(_ => ApiKey.Create()).ToArray();
        var snapshot = PolicyFixture.Snapshot([.. keys.Select(key => PolicyFixture.Key(key.Id, FakeArgon2.Hash(key.Secret)))]);
        foreach (var key in keys)
        {
            Assert.NotNull((await _authenticator.IdentifyAsync(snapshot, Bytes(key.Text), PolicyFixture.Here, KeyScopes.Mcp, default)).Caller);
        }
    }

    [Fact]
    public void A_subscriber_counts_as_one_address()
    {
        Assert.Equal(AddressGuard.PlaceOf(IPAddress.Parse("2001:db8:0:1::1")), AddressGuard.PlaceOf(IPAddress.Parse("2001:db8:0:1:ffff::9")));
        Assert.NotEqual(AddressGuard.PlaceOf(IPAddress.Parse("2001:db8:0:1::1")), AddressGuard.PlaceOf(IPAddress.Parse("2001:db8:0:2::1")));
        Assert.Equal(AddressGuard.PlaceOf(IPAddress.Parse("10.0.0.1")), AddressGuard.PlaceOf(IPAddress.Parse("::ffff:10.0.0.1")));
        Assert.NotEqual(AddressGuard.PlaceOf(IPAddress.Parse("10.0.0.1")), AddressGuard.PlaceOf(IPAddress.Parse("10.0.0.2")));
    }

    private byte[] Owner => Bytes(_key.Text);

    private Task<Identification> Identify(byte[] credential, IPAddress? address = null) =>
        _authenticator.IdentifyAsync(_snapshot, credential, address ?? PolicyFixture.Here, KeyScopes.Mcp, default).AsTask();

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
