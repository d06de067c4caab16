using Npgsql;

namespace NativeGateway.Storage.Postgres;

/// <summary>
/// Hears the notifications of one channel in a connection of its own and passes them on as a signal. Heals itself: when the connection is
/// lost it connects again, and raises the signal then, because what was said meanwhile was not heard. Starts when first started.
/// </summary>
internal sealed class PostgresListener(NpgsqlDataSource source, string channel, ChangeSignal signal) : IAsyncDisposable
{
    /// <summary>A peer that vanished without a word is noticed within this time plus the command timeout.</summary>
    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private Task? _running;

    public void Start()
    {
        lock (_gate)
        {
            _running ??= Task.Run(() => RunAsync(_stopping.Token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_running is not null)
        {
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await source.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        var pause = s_firstPause;
        while (true)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(stopping);
                connection.Notification += (_, _) => signal.Raise();
                await ExecuteAsync(connection, $"LISTEN {channel}", stopping);
                signal.Raise();
                pause = s_firstPause;
                await HearAsync(connection, stopping);
            }
            catch (Exception) when (!stopping.IsCancellationRequested)
            {
                // Not reported here: whoever waits for a change also asks for the revision, and gets the database's fault from that.
                // The spread keeps replicas from coming back all at once.
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), stopping);
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            }
        }
    }

    private static async Task HearAsync(NpgsqlConnection connection, CancellationToken stopping)
    {
        while (true)
        {
            if (!await connection.WaitAsync(s_keepAlive, stopping))
            {
                await ExecuteAsync(connection, "SELECT 1", stopping);
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
