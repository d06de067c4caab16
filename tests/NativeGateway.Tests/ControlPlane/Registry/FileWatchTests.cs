using NativeGateway.ControlPlane.Registry;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.ControlPlane.Registry;

public sealed class FileWatchTests : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _reloads = new(0);

    public void Dispose()
    {
        _stop.Dispose();
        _reloads.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_change_that_came_to_rest_is_reloaded_once()
    {
        var path = Write("gateway.json", "{}");
        var running = Start(path);
        Look3();
        Assert.Equal(0, _reloads.CurrentCount);

        Write("gateway.json", "{ }");
        await ReloadedAsync();
        Look3();

        await StopAsync(running);
        Assert.Equal(0, _reloads.CurrentCount);
    }

    [Fact]
    public async Task An_exchanged_link_is_a_change_as_mounted_secrets_make_it()
    {
        Write("a.json", "{}");
        Write("b.json", "{}");
        var link = Path.Combine(_directory.Path, "gateway.json");
        File.CreateSymbolicLink(link, Path.Combine(_directory.Path, "a.json"));
        var running = Start(link);

        File.Delete(link);
        File.CreateSymbolicLink(link, Path.Combine(_directory.Path, "b.json"));
        await ReloadedAsync();

        await StopAsync(running);
    }

    [Fact]
    public async Task A_file_that_went_away_is_told_too()
    {
        var path = Write("gateway.json", "{}");
        var running = Start(path);

        File.Delete(path);
        await ReloadedAsync();

        await StopAsync(running);
    }

    private Task Start(string path)
    {
        var watch = new FileWatch(
            path,
            _ =>
            {
                _reloads.Release();
                return Task.CompletedTask;
            },
            _clock);
        return watch.RunAsync(_stop.Token);
    }

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(TestTime.Limit);
    }

    private void Look3()
    {
        for (var i = 0; i < 3; i++)
        {
            _clock.Advance(Look);
        }
    }

    /// <summary>A tick is lost when the watch still works on the one before, so the clock goes on until the reload has come.</summary>
    private async Task ReloadedAsync()
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        while (!await _reloads.WaitAsync(TimeSpan.Zero, limit.Token))
        {
            _clock.Advance(Look);
            await Task.Yield();
        }
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
