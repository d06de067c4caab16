using System.Threading.Channels;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using NativeGateway.Shared;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>
/// A server of 2025-11-25 whose tool <c>stream</c> sends what the test lets it, whose tool <c>echo</c> answers at once, and whose tool list is
/// another one each time.
/// </summary>
internal sealed class StreamingServer : IAsyncDisposable
{
    private readonly Channel<string> _said = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _announced = Channel.CreateUnbounded<string>();
    private readonly ScriptedUpstream _upstream;
    private int _lists;

    public StreamingServer()
    {
        _upstream = new ScriptedUpstream(new LegacyScript
        {
            Capabilities = """{"tools":{"listChanged":true},"logging":{}}""",
            OnGet = AnnounceAsync,
            OnCall = CallAsync,
        }.RunAsync);
    }

    public Uri Url => _upstream.Url;

    public ScriptedUpstream Upstream => _upstream;

    /// <summary>The stream of the call sends this next; <c>$id</c> stands for the id of the call. A response ends it.</summary>
    public void Say(string message) => _said.Writer.TryWrite(message);

    /// <summary>The next request that is a call of the tool <c>stream</c>.</summary>
    public async Task<ScriptedRequest> NextCallAsync()
    {
        while (true)
        {
            var call = await _upstream.NextAsync("tools/call");
            if (call.Body.Contains("\"stream\"", StringComparison.Ordinal))
            {
                return call;
            }
        }
    }

    public void AnnounceTools() => _announced.Writer.TryWrite("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private async Task AnnounceAsync(ScriptedRequest request)
    {
        await request.BeginEventsAsync();
        await foreach (var message in _announced.Reader.ReadAllAsync())
        {
            await request.EventAsync(message);
        }
    }

    private async Task CallAsync(ScriptedRequest request)
    {
        if (request.Label == "tools/list")
        {
            var name = $"t{Interlocked.Increment(ref _lists)}";
            await request.ResultAsync(
                $$$"""{"tools":[{"name":"stream","inputSchema":{"type":"object"}},{"name":"echo","inputSchema":{"type":"object"}},{"name":"{{{name}}}","inputSchema":{"type":"object"}}]}""");
        }
        else if (!request.Body.Contains("\"stream\"", StringComparison.Ordinal))
        {
            await request.ResultAsync("""{"content":[]}""");
        }
        else
        {
            await request.BeginEventsAsync();
            string message;
            do
            {
                message = (await _said.Reader.ReadAsync().AsTask().WaitAsync(TestTime.Limit)).Replace("$id", request.Id, StringComparison.Ordinal);
                await request.EventAsync(message);
            }
            while (message.Contains("\"method\"", StringComparison.Ordinal));
            await request.EndAsync();
        }
    }
}
