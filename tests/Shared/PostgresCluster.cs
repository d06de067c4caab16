using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;
using Xunit;

namespace NativeGateway.Shared;

/// <summary>
/// A real Postgres from Debian's packages: its own data directory, a free loopback port, password authentication. One for a test
/// assembly (as a collection fixture), one database for a test. Can be stopped and started again, on the same port and data.
/// A machine without Postgres fails the tests; it does not skip them.
/// </summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private const string User = "gateway";
    private const string ReadyLine = "database system is ready to accept connections";

    /// <summary>What a client is told that has not waited for the line above: its failure, not the server's.</summary>
    private const string TooEarlyLine = "the database system is starting up";

    /// <summary>Stops the server when told to, and also when the tests died and left the input closed; then nobody else clears up.</summary>
    private const string KeepWhileInputIsOpen =
        """
        directory=$1; shift
        "$@" </dev/null & server=$!
        read -r word
        kill -INT "$server"; wait "$server"
        [ "$word" = stop ] || rm -rf "$directory"
        """;

    private readonly string _programs = FindPrograms();
    private readonly int _port = FreePort();

    // Characters that must be percent-encoded are part of it, so that every test goes through the decoding.
    private readonly string _password = "p@ss/w:rd?#" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private string _directory = "";
    private Process? _server;
    private int _databases;

    public string Password => _password;

    public async Task InitializeAsync()
    {
        _directory = (await RunAsync("mktemp", "-d", Path.Combine(Path.GetTempPath(), "native-gateway-postgres-XXXXXXXX"))).Trim();
        var passwordFile = Path.Combine(_directory, "password");
        await File.WriteAllTextAsync(passwordFile, _password);
        await RunAsync(
            Path.Combine(_programs, "initdb"), "-D", Path.Combine(_directory, "data"), "-U", User, "--pwfile", passwordFile,
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync");
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_directory, recursive: true);
    }

    public async Task StartAsync()
    {
        string[] server =
        [
            Path.Combine(_programs, "postgres"), "-D", Path.Combine(_directory, "data"), "-p", _port.ToString(CultureInfo.InvariantCulture),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off",
        ];
        var process = new Process { StartInfo = AsPostgres(["sh", "-c", KeepWhileInputIsOpen, "sh", _directory, .. server]) };
        process.StartInfo.RedirectStandardInput = true;
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var log = new List<string>();
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null || ready.Task.IsCompleted)
            {
                return;
            }
            log.Add(line.Data);
            if (line.Data.Contains(ReadyLine, StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
            else if (line.Data.Contains("FATAL:", StringComparison.Ordinal) && !line.Data.Contains(TooEarlyLine, StringComparison.Ordinal))
            {
                ready.TrySetException(new InvalidOperationException("Postgres did not start:\n" + string.Join('\n', log)));
            }
        };
        process.Start();
        _server = process;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TestTime.Limit);
        await ExecuteAsync("postgres", "SELECT 1");
    }

    /// <summary>Breaks every connection, as an administrator's restart does; the data stays.</summary>
    public async Task StopAsync()
    {
        if (_server is null)
        {
            return;
        }
        await _server.StandardInput.WriteLineAsync("stop");
        await _server.StandardInput.FlushAsync();
        await _server.WaitForExitAsync().WaitAsync(TestTime.Limit);
        _server.Dispose();
        _server = null;
    }

    public async Task<TempDatabase> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync("postgres", $"CREATE DATABASE {name} TEMPLATE template0");
        return new TempDatabase(
            $"postgres://{User}:{System.Uri.EscapeDataString(_password)}@127.0.0.1:{_port}/{name}",
            async () => await ExecuteAsync("postgres", $"DROP DATABASE {name} WITH (FORCE)"));
    }

    /// <summary>Past the product, as an administrator would.</summary>
    public async Task<IReadOnlyList<string>> QueryAsync(TempDatabase database, string sql)
    {
        await using var connection = Connect(NameOf(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync())
        {
            values.Add(reader.GetString(0));
        }
        return values;
    }

    /// <summary>Runs a query in a transaction that stays open until it is disposed, with all its locks.</summary>
    public async Task<IAsyncDisposable> HoldAsync(TempDatabase database, string sql)
    {
        var connection = Connect(NameOf(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; {sql}", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    public Task ExecuteAsync(TempDatabase database, string sql) => ExecuteAsync(NameOf(database), sql);

    private static string NameOf(TempDatabase database) => database.Uri[(database.Uri.LastIndexOf('/') + 1)..];

    private async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = Connect(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private NpgsqlConnection Connect(string database) => new(new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = _port, Username = User, Password = _password, Database = database, Pooling = false,
    }.ConnectionString);

    private static async Task<string> RunAsync(params string[] command)
    {
        using var process = new Process { StartInfo = AsPostgres(command) };
        process.Start();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TestTime.Limit);
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{command[0]} failed: {await errors}{await output}");
    }

    /// <summary>Postgres refuses to run as root; its package brings a user for it.</summary>
    private static ProcessStartInfo AsPostgres(string[] command)
    {
        string[] all = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", .. command]
            : command;
        return new ProcessStartInfo(all[0], all[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // The tests' own directory may be closed to that user.
            WorkingDirectory = "/",
        };
    }

    private static string FindPrograms()
    {
        const string Versions = "/usr/lib/postgresql";
        var newest = (Directory.Exists(Versions) ? Directory.GetDirectories(Versions) : [])
            .Where(directory => File.Exists(Path.Combine(directory, "bin", "initdb")))
            .MaxBy(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var version) ? version : 0);
        return newest is null
            ? throw new InvalidOperationException($"There is no Postgres under {Versions}. Run eng/prerequisites.sh --tests.")
            : Path.Combine(newest, "bin");
    }

    /// <summary>Not one that the system hands out: while the server is stopped, or about to start, a connection of another test could get it.</summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 30_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody else has it.
            }
        }
    }
}
