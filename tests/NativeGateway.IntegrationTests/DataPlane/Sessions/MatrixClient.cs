using System.Text.Json;
using NativeGateway.IntegrationTests.DataPlane.Downstream;
using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>What came back for a request.</summary>
/// <param name="Status">Of the HTTP response that held it; null where it came another way.</param>
/// <param name="IsOnLines">Every message stood on a line of its own.</param>
internal readonly record struct Exchanged(int? Status, bool IsOnLines, IReadOnlyList<string> Messages);

/// <summary>A client of one revision at one server's endpoint, that sends and gives messages as they are. Legacy ones want log messages from info on.</summary>
internal abstract class MatrixClient : IAsyncDisposable
{
    private const string SetLevel = """{"jsonrpc":"2.0","id":"level","method":"logging/setLevel","params":{"level":"info"}}""";

    /// <summary>How the handshake was answered; empty for a modern client.</summary>
    public string Initialized { get; private set; } = "";

    /// <param name="endpoint">A slash and a server's key, or nothing for the aggregate.</param>
    public static async Task<MatrixClient> ConnectAsync(FrontHarness gateway, Side side, string endpoint)
    {
        MatrixClient client = side.Wire switch
        {
            Wire.Stdio => new StdioMatrixClient(gateway.ConnectOverStdio()),
            Wire.HttpSse => await SseMatrixClient.OpenAsync(gateway, endpoint),
            _ => new HttpMatrixClient(gateway, side, endpoint),
        };
        if (!side.IsModern)
        {
            client.Initialized = (await client.ExchangeAsync(Messages.Initialize(side.Revision))).Messages.Single();
            await client.NotifyAsync(Messages.Initialized);
            Assert.Equal("""{"jsonrpc":"2.0","id":"level","result":{}}""", (await client.ExchangeAsync(SetLevel)).Messages.Single());
        }

        return client;
    }

    /// <summary>Sends a request and reads what comes back, up to the response.</summary>
    public abstract Task<Exchanged> ExchangeAsync(string message);

    public abstract ValueTask DisposeAsync();

    protected abstract Task NotifyAsync(string message);

    private static async Task<Exchanged> ReadAsync(Func<Task<string>> next)
    {
        var messages = new List<string>();
        while (true)
        {
            messages.Add(await next());
            using var document = JsonDocument.Parse(messages[^1]);
            if (!document.RootElement.TryGetProperty("method", out _))
            {
                return new Exchanged(null, true, messages);
            }
        }
    }

    private sealed class HttpMatrixClient(FrontHarness gateway, Side side, string endpoint) : MatrixClient
    {
        private readonly string _path = $"/mcp{endpoint}";
        private string? _session;

        public override async Task<Exchanged> ExchangeAsync(string message)
        {
            using var response = await gateway.SendAsync(HttpMethod.Post, _path, message, HeadersOf(message));
            _session ??= response.Headers.TryGetValues("Mcp-Session-Id", out var values) ? values.Single() : null;
            if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            {
                return new Exchanged((int)response.StatusCode, false, [await response.Content.ReadAsStringAsync()]);
            }

            using var events = new EventStream(response, await response.Content.ReadAsStreamAsync());
            var messages = (await events.ReadToEndAsync()).Select(received => received.Data).Where(data => data.Length > 0);
            return new Exchanged((int)response.StatusCode, true, [.. messages]);
        }

        public override ValueTask DisposeAsync() => default;

        protected override async Task NotifyAsync(string message) =>
            Assert.Equal(202, (await gateway.ExchangeAsync(HttpMethod.Post, _path, message, HeadersOf(message))).Status);

        private (string, string)[] HeadersOf(string message)
        {
            var headers = new List<(string, string)>();
            if (side.HasVersionHeader && (_session is not null || side.IsModern))
            {
                headers.Add(("MCP-Protocol-Version", side.Revision));
            }

            if (_session is not null)
            {
                headers.Add(("Mcp-Session-Id", _session));
            }

            if (side.IsModern)
            {
                headers.AddRange(MirroredOf(message));
            }

            return [.. headers];
        }

        private static IEnumerable<(string, string)> MirroredOf(string message)
        {
            using var document = JsonDocument.Parse(message);
            var method = document.RootElement.GetProperty("method").GetString()!;
            yield return ("Mcp-Method", method);
            if (method is "tools/call" or "prompts/get" or "resources/read")
            {
                var named = document.RootElement.GetProperty("params").GetProperty(method == "resources/read" ? "uri" : "name");
                yield return ("Mcp-Name", MirroredHeader.Encode(named.GetString()!));
            }
        }
    }

    private sealed class SseMatrixClient(FrontHarness gateway, EventStream stream, string address) : MatrixClient
    {
        public static async Task<MatrixClient> OpenAsync(FrontHarness gateway, string endpoint)
        {
            var stream = await gateway.StreamAsync(HttpMethod.Get, $"/sse{endpoint}");
            return new SseMatrixClient(gateway, stream, (await stream.NextAsync())!.Data);
        }

        public override async Task<Exchanged> ExchangeAsync(string message)
        {
            await NotifyAsync(message);
            return await ReadAsync(stream.NextMessageAsync);
        }

        public override ValueTask DisposeAsync()
        {
            stream.Dispose();
            return default;
        }

        protected override async Task NotifyAsync(string message) =>
            Assert.Equal((202, ""), await gateway.ExchangeAsync(HttpMethod.Post, address, message, ("Accept", "")));
    }

    private sealed class StdioMatrixClient(LineClient lines) : MatrixClient
    {
        public override async Task<Exchanged> ExchangeAsync(string message)
        {
            await lines.SendAsync(message);
            return await ReadAsync(lines.NextAsync);
        }

        public override ValueTask DisposeAsync() => lines.DisposeAsync();

        protected override Task NotifyAsync(string message) => lines.SendAsync(message);
    }
}
