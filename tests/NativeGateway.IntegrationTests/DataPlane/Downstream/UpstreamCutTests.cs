using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using NativeGateway.IntegrationTests.DataPlane.Upstream;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>
/// The connection to a server breaks after every single byte of its reply: the client gets one answer, the server runs the tool once, and the next
/// call works.
/// </summary>
public sealed class UpstreamCutTests
{
    private const string Result = """{"content":[{"type":"text","text":"done"}],"n":1.50}""";

    private readonly ConcurrentDictionary<int, int> _executions = new();

    /// <summary>How a reply is written.</summary>
    public enum Form
    {
        Json,
        Events,

        /// <summary>With ids, so that the rest can be asked for.</summary>
        Resumable,
    }

    [Theory]
    [InlineData(Form.Json, false, false)]
    [InlineData(Form.Json, true, true)]
    [InlineData(Form.Events, false, false)]
    [InlineData(Form.Events, false, true)]
    [InlineData(Form.Events, true, false)]
    [InlineData(Form.Events, true, true)]
    [InlineData(Form.Resumable, false, false)]
    [InlineData(Form.Resumable, false, true)]
    public async Task A_reply_that_is_cut_anywhere_is_answered_once_and_never_run_again(Form form, bool isUpstreamModern, bool isClientModern)
    {
        await using var server = new ScriptedUpstream(isUpstreamModern
            ? new ModernScript { OnCall = request => CallAsync(request, form) }.RunAsync
            : new LegacyScript { OnCall = request => CallAsync(request, form), OnGet = ResumeAsync }.RunAsync);
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = isClientModern ? "" : await gateway.OpenSessionAsync("2025-11-25");
        var whole = Whole(form, "1").Length;
        for (var cut = 0; cut <= whole; cut++)
        {
            var answer = await AnswerAsync(gateway, session, cut, isClientModern);
            Assert.Equal(1, _executions.GetValueOrDefault(cut));
            var isWhole = answer.TryGetProperty("result", out var result);
            Assert.True(
                isWhole ? result.GetProperty("n").GetRawText() == "1.50" : answer.GetProperty("error").GetProperty("code").GetInt32() == -32013,
                $"Cut after {cut} bytes: {answer}");
            Assert.True(isWhole || cut < whole, "A whole reply was not understood.");
            Assert.True(isWhole || form != Form.Resumable || cut < whole / 2, $"The stream was not taken up after {cut} bytes: {answer}");

            // Nothing of the broken reply is left over; this also keeps the circuit closed. After a whole reply the end of the connection may come
            // while the next call is being sent on it, which costs that one: it may have arrived.
            Assert.True(
                await WorksAsync(gateway, session, isClientModern) || (isWhole && await WorksAsync(gateway, session, isClientModern)),
                $"The call after a cut after {cut} bytes failed.");
        }
    }

    private static async Task<bool> WorksAsync(FrontHarness gateway, string session, bool isModern) =>
        (await AnswerAsync(gateway, session, -1, isModern)).TryGetProperty("result", out _);

    /// <summary>The one response that the client gets.</summary>
    private static async Task<JsonElement> AnswerAsync(FrontHarness gateway, string session, int cut, bool isModern)
    {
        var meta = isModern
            ? ""","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"debug"}"""
            : "";
        var body = $$$"""{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"up__cut","arguments":{"cut":{{{cut}}}}{{{meta}}}}}""";
        (string, string)[] headers = isModern
            ? [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "up__cut")]
            : [("Mcp-Session-Id", session)];
        var (_, text) = await gateway.ExchangeAsync(HttpMethod.Post, "/mcp", body, headers);
        var messages = text.StartsWith('{') ? [text] : text.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => line[6..]);
        return Assert.Single(messages.Select(message => JsonDocument.Parse(message).RootElement), message => message.TryGetProperty("id", out var id) && id.GetString() == "c");
    }

    private async Task CallAsync(ScriptedRequest request, Form form)
    {
        if (request.Label == "tools/list")
        {
            await request.ResultAsync("""{"tools":[{"name":"cut","inputSchema":{"type":"object"}}],"resultType":"complete","ttlMs":0,"cacheScope":"private"}""");
            return;
        }

        var cut = request.Message.GetProperty("params").GetProperty("arguments").GetProperty("cut").GetInt32();
        _executions.AddOrUpdate(cut, 1, (_, count) => count + 1);
        var whole = Whole(form, request.Id);
        if (cut < 0)
        {
            await request.WriteAsync(whole);
            return;
        }

        // The whole with a longer id than it was measured with is cut at the same distance from its beginning.
        await request.WriteAsync(whole[..Math.Min(cut + whole.Length - Whole(form, "1").Length, whole.Length)]);
        request.Close();
    }

    /// <summary>Whoever saw the first event of a call gets the rest.</summary>
    private static async Task ResumeAsync(ScriptedRequest request)
    {
        if (request.Header("Last-Event-ID")?.Split('/') is not [var call, var seen])
        {
            await request.AnswerAsync(405);
            return;
        }

        await request.BeginEventsAsync();
        foreach (var (number, data) in Said(call).Where(said => said.Number > int.Parse(seen, null)))
        {
            await request.EventAsync(data, $"{call}/{number}");
        }

        await request.EndAsync();
    }

    private static IEnumerable<(int Number, string Data)> Said(string id) =>
    [
        (1, Messages.Log(1)), (2, Messages.Log(2)), (3, Messages.Result(id, Result.Replace("{\"content", "{\"resultType\":\"complete\",\"content", StringComparison.Ordinal))),
    ];

    private static string Whole(Form form, string id)
    {
        if (form == Form.Json)
        {
            var json = Said(id).Last().Data;
            return $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n{json}";
        }

        var text = new StringBuilder("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (var (number, data) in Said(id))
        {
            var next = form == Form.Resumable ? $"id: {id}/{number}\nretry: 1\ndata: {data}\n\n" : $"data: {data}\n\n";
            text.Append(null, $"{next.Length:x}\r\n{next}\r\n");
        }

        return text.Append("0\r\n\r\n").ToString();
    }
}
