using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.ControlPlane.Registry;

public sealed class CatalogKeeperTests : IDisposable
{
    private readonly MemoryStore _store = new();
    private readonly TestClock _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CatalogKeeper _keeper;
    private readonly Guid _id = Guid.NewGuid();

    public CatalogKeeperTests() => _keeper = new CatalogKeeper(_store, _clock, NullLogger<CatalogKeeper>.Instance);

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task A_catalog_is_kept_and_found_again()
    {
        var running = _keeper.RunAsync(_stop.Token);

        _keeper.Keep(Catalog("1"));
        await _store.CatalogSaved.Task.WaitAsync(TestTime.Limit);

        Assert.Equal(_id, Assert.Single(await _keeper.LoadAsync(default)).UpstreamId);
        await StopAsync(running);
    }

    [Fact]
    public async Task While_the_database_is_down_the_newest_waits()
    {
        _store.IsDown = true;
        _keeper.Keep(Catalog("1"));
        var running = _keeper.RunAsync(_stop.Token);
        await _store.Refused.Task.WaitAsync(TestTime.Limit);
        _keeper.Keep(Catalog("2"));
        _store.IsDown = false;

        _clock.Advance(TimeSpan.FromSeconds(5));
        await _store.CatalogSaved.Task.WaitAsync(TestTime.Limit);

        Assert.Equal("2"u8.ToArray(), _store.Catalogs[_id].Json.ToArray());
        await StopAsync(running);
    }

    [Fact]
    public async Task What_still_waits_at_the_end_is_written()
    {
        await _stop.CancelAsync();
        _keeper.Keep(Catalog("1"));

        await _keeper.RunAsync(_stop.Token).WaitAsync(TestTime.Limit);

        Assert.Single(_store.Catalogs);
    }

    private StoredCatalog Catalog(string json) => new(_id, System.Text.Encoding.UTF8.GetBytes(json), _clock.GetUtcNow());

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(TestTime.Limit);
    }
}
