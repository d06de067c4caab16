using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>A client with a session, which it keeps whatever happens to the gateway.</summary>
internal sealed record LegacyClient(GatewayProcess Gateway, string Key, string Path, string Revision, string Id)
{
    public static async Task<LegacyClient> OpenAsync(
        GatewayProcess gateway, string key, string path = "/mcp", string revision = "2025-11-25", string capabilities = "{}")
    {
        var reply = await gateway.PostAsync(path, Rpc.Initialize(revision, capabilities), key);
        Assert.Equal(200, reply.Status);
        return new LegacyClient(gateway, key, path, revision, reply["Mcp-Session-Id"]!);
    }

    public Task<Reply> PostAsync(string body) => Gateway.SendAsync(Request(body));

    public Task<Reply> SendAsync(RawRequest request) => Gateway.SendAsync(Mine(request));

    /// <summary>Sends a request whose answer is a stream, and reads its head.</summary>
    public async Task<RawConnection> BeginAsync(string body)
    {
        var connection = await Gateway.ConnectAsync();
        await connection.WriteAsync(Request(body).ToBytes(Gateway.Port));
        await connection.ReadHeadAsync();
        return connection;
    }

    /// <summary>Opens the long stream, or goes on with it.</summary>
    public async Task<RawConnection> StreamAsync(string? lastEventId = null)
    {
        var connection = await Gateway.ConnectAsync();
        var request = Mine(RawRequest.Bare("GET", Path).With("Accept", "text/event-stream"));
        await connection.WriteAsync((lastEventId is null ? request : request.With("Last-Event-ID", lastEventId)).ToBytes(Gateway.Port));
        Assert.Contains(" 200 ", (await connection.ReadHeadAsync()).StartLine, StringComparison.Ordinal);
        return connection;
    }

    private RawRequest Request(string body) => Mine(RawRequest.Post(Path, body));

    private RawRequest Mine(RawRequest request)
    {
        var mine = request.As(Key).InSession(Id);
        return Revision == "2025-03-26" ? mine : mine.With("MCP-Protocol-Version", Revision);
    }
}
