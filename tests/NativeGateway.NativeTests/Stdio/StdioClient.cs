using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Stdio;

/// <summary>
/// A desktop client: starts the gateway and speaks to it in raw lines over real pipes. Whatever the gateway writes to its standard output must be a
/// JSON-RPC message on one line, or reading fails.
/// </summary>
internal sealed partial class StdioClient : IAsyncDisposable
{
    private const int SigTerm = 15;

    private readonly TempDirectory _directory = new();
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly List<(string Text, JsonElement Message)> _unclaimed = [];
    private readonly Task _pumping;

    private StdioClient(string config, IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var file = Path.Combine(_directory.Path, "gateway.json");
        if (config.Length > 0)
        {
            File.WriteAllText(file, config);
        }

        _process = new Process { StartInfo = GatewayBinary.StartInfo(_directory, arguments, environment) };
        _process.StartInfo.Environment["XDG_DATA_HOME"] = Path.Combine(_directory.Path, "share");
        _process.StartInfo.RedirectStandardInput = true;
        _process.StartInfo.StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        _process.ErrorDataReceived += Log.Add;
        _process.Start();
        _process.BeginErrorReadLine();
        _pumping = PumpAsync();
    }

    public ProcessOutput Log { get; } = new();

    /// <summary>Serves from a <c>gateway.json</c> in the working directory.</summary>
    public static StdioClient Start(GatewayConfig config, params string[] arguments) =>
        new(config.ToString(), new Dictionary<string, string>(), arguments.Length > 0 ? arguments : ["stdio"]);

    /// <summary>A bridge to an endpoint.</summary>
    public static StdioClient Bridge(string url, string? key = null) => new(
        "",
        key is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["NATIVE_GATEWAY_API_KEY"] = key },
        ["stdio", "--url", url]);

    public async Task SendAsync(string line)
    {
        await _process.StandardInput.WriteAsync(line + "\n").WaitAsync(TestTime.Limit);
        await _process.StandardInput.FlushAsync().WaitAsync(TestTime.Limit);
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <param name="id">The raw id token that stands in it.</param>
    public async Task<JsonElement> AskAsync(string line, string id = "1")
    {
        await SendAsync(line);
        return await AnswerAsync(id);
    }

    /// <summary>The answer to a request; what else comes meanwhile is kept.</summary>
    public async Task<JsonElement> AnswerAsync(string id) => (await FindAsync(message => !message.TryGetProperty("method", out _) && IdOf(message) == id)).Message;

    /// <summary>The next request or notification of a method.</summary>
    public async Task<JsonElement> SaidAsync(string method) =>
        (await FindAsync(message => message.TryGetProperty("method", out var said) && said.GetString() == method)).Message;

    /// <summary>A line as it was written, by what it holds.</summary>
    public async Task<string> LineAsync(Func<JsonElement, bool> wanted) => (await FindAsync(wanted)).Text;

    /// <summary>What has come until now that nobody has asked for.</summary>
    public bool HasSaid(Func<JsonElement, bool> unwanted) => _unclaimed.Exists(line => unwanted(line.Message));

    public async Task InitializeAsync(string version = "2025-11-25", string capabilities = "{}")
    {
        await AskAsync($$$"""
            {"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"{{{version}}}","capabilities":{{{capabilities}}},"clientInfo":{"name":"t","version":"1"} } }
            """.Trim(), "\"init\"");
        await SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
    }

    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Closes the input behind a last line that is not ended.</summary>
    public async Task EndAsync(string last)
    {
        await _process.StandardInput.WriteAsync(last).WaitAsync(TestTime.Limit);
        CloseInput();
    }

    /// <summary>Nobody reads what the gateway writes any more.</summary>
    public async Task CloseOutputAsync()
    {
        // The pipe stays open until the read that is under way has got something.
        _process.StandardOutput.Close();
        await SendAsync(Rpc.Ping);
        await _pumping.WaitAsync(TestTime.Limit);
    }

    public void Terminate()
    {
        if (SendSignal(_process.Id, SigTerm) != 0)
        {
            throw new InvalidOperationException("The gateway could not be signalled.");
        }
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TestTime.Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().WaitAsync(TestTime.Limit);
        }

        _process.Dispose();
        _directory.Dispose();
    }

    private async Task<(string Text, JsonElement Message)> FindAsync(Func<JsonElement, bool> wanted)
    {
        for (var i = 0; ; i++)
        {
            if (i == _unclaimed.Count)
            {
                _unclaimed.Add(await NextAsync());
            }

            if (wanted(_unclaimed[i].Message))
            {
                var found = _unclaimed[i];
                _unclaimed.RemoveAt(i);
                return found;
            }
        }
    }

    private async Task<(string Text, JsonElement Message)> NextAsync()
    {
        try
        {
            var text = await _lines.Reader.ReadAsync().AsTask().WaitAsync(TestTime.Limit);
            var message = JsonDocument.Parse(text).RootElement;
            return message.ValueKind == JsonValueKind.Array || message.GetProperty("jsonrpc").GetString() == "2.0"
                ? (text, message)
                : throw new InvalidOperationException($"No JSON-RPC message: {text}");
        }
        catch (Exception missing) when (missing is ChannelClosedException or TimeoutException)
        {
            throw new InvalidOperationException($"The gateway did not say what was waited for.\n{Log.Text}", missing);
        }
    }

    private async Task PumpAsync()
    {
        try
        {
            while (await _process.StandardOutput.ReadLineAsync() is { } line)
            {
                _lines.Writer.TryWrite(line);
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The test closed it.
        }

        _lines.Writer.TryComplete();
    }

    private static string? IdOf(JsonElement message) => message.TryGetProperty("id", out var id) ? id.GetRawText() : null;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
