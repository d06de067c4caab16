using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Gateway;

/// <summary>
/// One running <c>native-gateway serve</c> with its own configuration, data and port. Disposing stops it as an operator does, by SIGTERM, and
/// fails when it does not end well.
/// </summary>
internal sealed partial class GatewayProcess : IAsyncDisposable
{
    private const int SigHup = 1;
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly GatewaySetup _setup;
    private readonly TempDirectory _directory;
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStopped;

    private GatewayProcess(GatewaySetup setup)
    {
        _setup = setup;
        _directory = setup.Directory ?? new TempDirectory();
        File.WriteAllText(ConfigFile, setup.Config.ToString());
        string[] arguments =
        [
            "serve", "--config", ConfigFile, "--listen", $"http://127.0.0.1:{setup.Port}", "--log-format", setup.LogFormat, "--log-level", setup.LogLevel,
            .. StoreOptions, .. setup.Options,
        ];
        _process = new Process { StartInfo = GatewayBinary.StartInfo(_directory, arguments, setup.Environment, setup.Descriptors), EnableRaisingEvents = true };
        _process.OutputDataReceived += Output.Add;
        _process.ErrorDataReceived += Log.Add;
        _process.Exited += (_, _) => _exited.TrySetResult();
    }

    public int Port { get; private set; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The administrator key that the first start printed; empty for later starts.</summary>
    public string AdminKey { get; private set; } = "";

    public ProcessOutput Output { get; } = new();

    public ProcessOutput Log { get; } = new();

    public string ConfigFile => Path.Combine(_directory.Path, "gateway.json");

    public string Data => Path.Combine(_directory.Path, "data");

    public bool IsAlive => !_process.HasExited;

    /// <summary>Resident memory in bytes, as the kernel counts it.</summary>
    public long WorkingSet
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(Digits().Match(line).Value, CultureInfo.InvariantCulture) * 1024;
        }
    }

    /// <summary>How many descriptors it may have at once, by its own choice below what the system grants.</summary>
    public int MostDescriptors => File.ReadLines($"/proc/{_process.Id}/limits")
        .Where(line => line.StartsWith("Max open files", StringComparison.Ordinal))
        .Select(line => (int)Math.Min(int.MaxValue, long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture)))
        .Single();

    /// <summary>Files, sockets and the like that it holds open.</summary>
    public int OpenDescriptors => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    private string[] StoreOptions => _setup.Database is { } database ? ["--data", Data, "--database", database] : ["--data", Data];

    public static Task<GatewayProcess> StartAsync(GatewayConfig config) => StartAsync(new GatewaySetup { Config = config });

    public static async Task<GatewayProcess> StartAsync(GatewaySetup setup)
    {
        var gateway = new GatewayProcess(setup);
        try
        {
            await gateway.StartAsync();
            return gateway;
        }
        catch
        {
            gateway.Kill();
            throw;
        }
    }

    public Task<RawConnection> ConnectAsync() => RawConnection.OpenAsync(Port);

    /// <summary>One request on a connection of its own.</summary>
    public async Task<Reply> SendAsync(RawRequest request)
    {
        using var connection = await ConnectAsync();
        return await connection.SendAsync(request);
    }

    public Task<Reply> PostAsync(string path, string body, string? key = null) => SendAsync(RawRequest.Post(path, body).As(key ?? AdminKey));

    public Task<Reply> GetAsync(string path) => SendAsync(RawRequest.Bare("GET", path));

    /// <summary>Runs a verb of the command line against this gateway's database.</summary>
    public Task<CommandResult> RunAsync(params string[] arguments)
    {
        // What stands behind -- belongs to a server's own program.
        var end = Array.IndexOf(arguments, "--") is var at and >= 0 ? at : arguments.Length;
        return GatewayBinary.RunAsync(_directory, _setup.Environment, [.. arguments[..end], .. StoreOptions, .. arguments[end..]]);
    }

    /// <summary>A new key by the command line; its whole text.</summary>
    public async Task<string> CreateKeyAsync(string name, params string[] options)
    {
        var created = await RunAsync(["keys", "create", "--name", name, "--json", .. options]);
        return created.ExitCode == 0
            ? KeyText().Match(created.Output).Value
            : throw new InvalidOperationException($"keys create failed: {created.Errors}{created.Output}");
    }

    public void Hangup() => Signal(SigHup);

    public void Terminate() => Signal(SigTerm);

    public void WriteConfig(string text) => File.WriteAllText(ConfigFile, text);

    /// <summary>Waits for the end of the process; its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await _exited.Task.WaitAsync(TestTime.Limit);
        // Also waits for the last lines of output.
        await _process.WaitForExitAsync().WaitAsync(TestTime.Limit);
        _isStopped = true;
        return _process.ExitCode;
    }

    public async Task<int> StopAsync()
    {
        Terminate();
        return await ExitAsync();
    }

    /// <summary>As by <c>kill -9</c>: it has no time for anything.</summary>
    public async Task CrashAsync()
    {
        _process.Kill();
        await ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_isStopped && await StopAsync() is var code and not 0)
            {
                throw new InvalidOperationException($"The gateway ended with exit code {code}.\n{Log.Text}");
            }
        }
        finally
        {
            Kill();
        }
    }

    private async Task StartAsync()
    {
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var listening = await FirstAsync(Output.LineAsync(ListeningText().IsMatch), Log.LineAsync(ListeningText().IsMatch));
        Port = int.Parse(ListeningText().Match(listening).Groups[1].Value, CultureInfo.InvariantCulture);
        if (_setup.IsFirstStart)
        {
            AdminKey = KeyText().Match(await FirstAsync(Output.LineAsync(KeyText().IsMatch))).Value;
        }
    }

    /// <summary>The first of several signals, unless the process ends before.</summary>
    private async Task<string> FirstAsync(params Task<string>[] signals)
    {
        var first = await Task.WhenAny([.. signals, _exited.Task]);
        return first is Task<string> line
            ? await line
            : throw new InvalidOperationException($"The gateway ended with exit code {_process.ExitCode}.\n{Log.Text}\n{Output.Text}");
    }

    private void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
        if (_setup.Directory is null)
        {
            _directory.Dispose();
        }
    }

    private void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException("The gateway could not be signalled.");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    [GeneratedRegex(@"listening on http://127\.0\.0\.1:(\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex ListeningText();

    [GeneratedRegex("ngw_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}")]
    private static partial Regex KeyText();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
