using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.ControlPlane.Registry;

public sealed class RegistryLoaderTests : IDisposable
{
    private readonly MemoryStore _store = new();
    private readonly SnapshotHolder _snapshots = new(SnapshotBuilder.Build(RegistryConfig.Empty, [], [], GatewaySettings.Default, false, [])!);
    private readonly TestClock _clock = new();
    private readonly RegistryLoader _loader;

    public RegistryLoaderTests() => _loader = Loader(new OpennessRule(RequiresKey: null, MayBeOpen: true), FileConfig.Empty);

    public void Dispose() => _loader.Dispose();

    [Fact]
    public async Task What_database_and_file_hold_is_in_use_after_a_load()
    {
        _store.Change(registry => registry with { Upstreams = [Upstream("stored")] });
        using var loader = Loader(new OpennessRule(null, true), new FileConfig { Upstreams = [Upstream("own")] });

        Assert.Empty(await loader.ReloadAsync(default));

        Assert.Equal(["own", "stored"], Keys());
        Assert.Equal((2, 2), (loader.LoadedRevision, loader.SeenRevision));
    }

    [Fact]
    public async Task A_faulty_state_is_refused_whole_and_what_runs_is_kept()
    {
        _store.Change(registry => registry with { Upstreams = [Upstream("good")] });
        await _loader.ReloadAsync(default);
        _store.Change(registry => registry with { Upstreams = [Upstream("better"), Upstream("bad name")] });

        Assert.NotEmpty(await _loader.ReloadAsync(default));

        Assert.Equal(["good"], Keys());
        Assert.Equal((2, 3), (_loader.LoadedRevision, _loader.SeenRevision));
    }

    [Fact]
    public async Task Another_file_goes_over_what_was_loaded_even_while_the_database_is_down()
    {
        _store.Change(registry => registry with { Upstreams = [Upstream("stored")] });
        await _loader.ReloadAsync(default);
        _store.IsDown = true;

        Assert.Empty(await _loader.UseFileAsync(new FileConfig { Upstreams = [Upstream("own")] }, default));

        Assert.Equal(["own", "stored"], Keys());
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _loader.ReloadAsync(default));
        Assert.Equal(["own", "stored"], Keys());
    }

    [Fact]
    public async Task A_faulty_file_keeps_the_former_one_for_later_loads_too()
    {
        await _loader.UseFileAsync(new FileConfig { Upstreams = [Upstream("own")] }, default);

        Assert.NotEmpty(await _loader.UseFileAsync(new FileConfig { Upstreams = [Upstream("bad name")] }, default));
        await _loader.ReloadAsync(default);

        Assert.Equal(["own"], Keys());
    }

    [Fact]
    public async Task Switching_authentication_off_by_a_reload_is_refused_where_others_can_connect()
    {
        using var closed = Loader(new OpennessRule(RequiresKey: null, MayBeOpen: false), FileConfig.Empty);
        var open = new FileConfig { Settings = new SettingsOverride { AuthRequired = false } };

        Assert.Contains("auth.required", Assert.Single(await closed.UseFileAsync(open, default)), StringComparison.Ordinal);
        Assert.Null(_snapshots.Current.Anonymous);

        await _loader.ReloadAsync(default);
        Assert.Empty(await _loader.UseFileAsync(open, default));
        Assert.NotNull(_snapshots.Current.Anonymous);
    }

    [Fact]
    public async Task No_auth_beats_the_file()
    {
        using var loader = Loader(new OpennessRule(RequiresKey: false, MayBeOpen: true), new FileConfig { Settings = new SettingsOverride { AuthRequired = true } });

        await loader.ReloadAsync(default);

        Assert.NotNull(_snapshots.Current.Anonymous);
    }

    [Fact]
    public async Task The_feed_loads_changes_serves_on_without_the_database_and_catches_up()
    {
        await _loader.ReloadAsync(default);
        var feed = new ChangeFeed(_store, _loader, _clock, NullLogger<ChangeFeed>.Instance);
        using var stop = new CancellationTokenSource();
        var running = feed.RunAsync(stop.Token);

        await SwapAsync(() => _store.Change(registry => registry with { Upstreams = [Upstream("first")] }));
        Assert.Equal(["first"], Keys());
        Assert.True(feed.Health.Reachable);

        _store.IsDown = true;
        _store.Change(registry => registry with { Upstreams = [Upstream("second")] });
        await _store.Refused.Task.WaitAsync(TestTime.Limit);
        Assert.Equal(["first"], Keys());

        _store.IsDown = false;
        await CatchUpAsync();
        Assert.Equal(["second"], Keys());

        await stop.CancelAsync();
        await running.WaitAsync(TestTime.Limit);
        var health = feed.Health;
        Assert.Equal((true, null, 3), (health.Reachable, health.LastError, health.LoadedRevision));
        Assert.True(health.Since > new TestClock().GetUtcNow());
    }

    [Fact]
    public async Task A_change_is_read_once_and_put_into_use_once_however_many_hear_of_it()
    {
        var reader = new RegistryReader(_store);
        using var loader = new RegistryLoader(
            reader, _snapshots, new OpennessRule(RequiresKey: null, MayBeOpen: true), FileConfig.Empty, NullLogger<RegistryLoader>.Instance);
        await loader.ReloadAsync(default);
        var (loads, swaps) = (_store.Loads, 0);
        _snapshots.Changed += _ => swaps++;

        _store.Change(registry => registry with { Upstreams = [Upstream("first")] });
        await Task.WhenAll(loader.CatchUpAsync(default), loader.CatchUpAsync(default));
        Assert.Same(await reader.LoadAsync(default), await reader.LoadAsync(default));

        Assert.Equal((loads + 1, 1), (_store.Loads, swaps));
        Assert.Equal(["first"], Keys());
    }

    private static UpstreamConfig Upstream(string key) => new()
    {
        Id = DefaultTenant.UpstreamId(key),
        WorkspaceId = DefaultTenant.WorkspaceId,
        Key = key,
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints = [new EndpointConfig(new Uri("https://example.com/mcp"))],
    };

    private RegistryLoader Loader(OpennessRule openness, FileConfig file) =>
        new(new RegistryReader(_store), _snapshots, openness, file, NullLogger<RegistryLoader>.Instance);

    private IEnumerable<string> Keys() => _snapshots.Current.Workspaces.Values.Single().Upstreams.Select(upstream => upstream.Key);

    /// <summary>The pause before the next attempt may not have begun yet, so the clock goes on until the change is in use.</summary>
    private async Task CatchUpAsync()
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        while (_loader.LoadedRevision < _store.Registry.Revision)
        {
            limit.Token.ThrowIfCancellationRequested();
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }

    private async Task SwapAsync(Action cause)
    {
        var swapped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Complete(Snapshot snapshot) => swapped.TrySetResult();
        _snapshots.Changed += Complete;
        cause();
        await swapped.Task.WaitAsync(TestTime.Limit);
        _snapshots.Changed -= Complete;
    }
}
