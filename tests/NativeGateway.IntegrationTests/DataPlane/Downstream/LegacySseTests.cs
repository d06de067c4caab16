using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Clients of the transport of 2024-11-05.</summary>
public sealed class LegacySseTests
{
    [Fact]
    public async Task A_client_is_told_where_to_post_and_gets_its_answers_on_the_stream()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        using var stream = await gateway.StreamAsync(HttpMethod.Get, "/sse");

        var endpoint = (await stream.NextAsync())!;
        Assert.Equal("endpoint", endpoint.Type);
        Assert.StartsWith("/messages?sessionId=", endpoint.Data, StringComparison.Ordinal);
        Assert.Equal((202, ""), await PostAsync(gateway, endpoint.Data, Messages.Initialize("2024-11-05")));
        var initialized = (await stream.NextAsync())!;
        Assert.Equal(("message", null), (initialized.Type, initialized.Id));
        Assert.Contains("\"protocolVersion\":\"2024-11-05\"", initialized.Data, StringComparison.Ordinal);
        Assert.Equal(202, (await PostAsync(gateway, endpoint.Data, Messages.Initialized)).Status);

        Assert.Equal(202, (await PostAsync(gateway, endpoint.Data, Messages.Call("up__stream"))).Status);
        server.Say(Messages.Log(1));
        server.Say(Messages.Result("$id", """{"content":[]}"""));
        Assert.Equal(Messages.Log(1), await stream.NextMessageAsync());
        Assert.Equal(Messages.Result("1", """{"content":[]}"""), await stream.NextMessageAsync());
    }

    [Theory]
    [InlineData("2024-11-05")]
    [InlineData("2025-11-25")]
    public async Task The_revision_is_what_initialize_negotiates(string revision)
    {
        await using var gateway = await FrontHarness.StartAsync();

        using var client = await ConnectAsync(gateway, "/sse", revision);

        Assert.Contains($"\"protocolVersion\":\"{revision}\"", client.Initialized, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_servers_stream_renames_nothing()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        using var client = await ConnectAsync(gateway, "/sse/up");

        await client.PostAsync(Messages.Call("echo", "\"e\""));

        Assert.Equal(Messages.Result("\"e\"", """{"content":[]}"""), await client.Stream.NextMessageAsync());
    }

    [Fact]
    public async Task Errors_of_a_request_come_on_the_stream()
    {
        await using var gateway = await FrontHarness.StartAsync();
        using var client = await ConnectAsync(gateway, "/sse");

        await client.PostAsync(Messages.Call("no_such_tool", "7"));
        var unknown = await client.Stream.NextMessageAsync();
        await client.PostAsync("""{"jsonrpc":"2.0","id":8,"method":"server/discover"}""");
        var modern = await client.Stream.NextMessageAsync();

        Assert.Contains("\"id\":7", unknown, StringComparison.Ordinal);
        Assert.Contains("-32602", unknown, StringComparison.Ordinal);
        Assert.Contains("\"id\":8", modern, StringComparison.Ordinal);
        Assert.Contains("-32601", modern, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_finds_its_way_to_the_client_and_back()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        using var client = await ConnectAsync(gateway, "/sse", "2025-06-18", """{"elicitation":{}}""");
        await client.PostAsync(Messages.Call("up__stream"));
        server.Say("""{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"Who?","requestedSchema":{"type":"object","properties":{}}}}""");

        var question = await client.Stream.NextMessageAsync();
        var id = System.Text.Json.JsonDocument.Parse(question).RootElement.GetProperty("id").GetRawText();
        await client.PostAsync(Messages.Result(id, """{"action":"decline"}"""));

        Assert.Equal(Messages.Result("\"q\"", """{"action":"decline"}"""), (await server.Upstream.NextAsync("response")).Body);
        server.Say(Messages.Result("$id", "{}"));
        Assert.Equal(Messages.Result("1", "{}"), await client.Stream.NextMessageAsync());
    }

    [Fact]
    public async Task Changed_lists_are_announced_on_the_stream()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        using var client = await ConnectAsync(gateway, "/sse");
        await server.Upstream.NextAsync("GET");

        server.AnnounceTools();

        Assert.Contains("notifications/tools/list_changed", await client.Stream.NextMessageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_the_connection_cancels_what_is_running()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var client = await ConnectAsync(gateway, "/sse");
        await client.PostAsync(Messages.Call("up__stream"));
        await server.NextCallAsync();

        client.Dispose();

        await server.Upstream.NextAsync("notifications/cancelled");
        server.Say(Messages.Result("$id", "{}"));
        Assert.Equal(404, (await PostAsync(gateway, client.Address, Messages.Initialized)).Status);
    }

    [Fact]
    public async Task A_stream_with_a_call_in_flight_outlives_the_end_of_the_others()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        using var idle = await ConnectAsync(gateway, "/sse");
        using var silent = await gateway.StreamAsync(HttpMethod.Get, "/sse");
        using var busy = await ConnectAsync(gateway, "/sse");
        await busy.PostAsync(Messages.Call("up__stream"));
        await server.NextCallAsync();

        gateway.CloseStreams();
        Assert.Empty(await idle.Stream.ReadToEndAsync());
        Assert.Single(await silent.ReadToEndAsync());
        server.Say(Messages.Result("$id", "{}"));

        Assert.Equal([Messages.Result("1", "{}")], (await busy.Stream.ReadToEndAsync()).Select(next => next.Data));
    }

    [Fact]
    public async Task A_connection_is_initialized_once()
    {
        await using var gateway = await FrontHarness.StartAsync();
        using var client = await ConnectAsync(gateway, "/sse");

        var (status, text) = await PostAsync(gateway, client.Address, Messages.Initialize("2024-11-05"));

        Assert.Equal(400, status);
        Assert.Contains("-32600", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/sse")]
    [InlineData("POST", "/messages?sessionId=x")]
    public async Task Without_a_key_nothing_is_served(string method, string path)
    {
        await using var gateway = await FrontHarness.StartAsync();

        using var response = await gateway.SendAsync(new HttpMethod(method), path, method == "POST" ? Messages.Initialized : null, ("Authorization", ""));

        Assert.Equal(401, (int)response.StatusCode);
        Assert.NotEmpty(response.Headers.WwwAuthenticate);
    }

    [Theory]
    [InlineData("GET", "/sse")]
    [InlineData("POST", "/messages?sessionId=x")]
    public async Task Foreign_origins_are_refused(string method, string path)
    {
        await using var gateway = await FrontHarness.StartAsync();

        var reply = await gateway.ExchangeAsync(
            new HttpMethod(method), path, method == "POST" ? Messages.Initialized : null, ("Origin", "https://evil.example.com"));

        Assert.Equal(403, reply.Status);
    }

    [Fact]
    public async Task A_connection_belongs_to_the_key_that_opened_it()
    {
        await using var gateway = await FrontHarness.StartAsync();
        using var client = await ConnectAsync(gateway, "/sse");

        var foreign = await gateway.ExchangeAsync(
            HttpMethod.Post, client.Address, Messages.Initialized, ("Authorization", $"Bearer {gateway.OtherKey}"));
        var unknown = await PostAsync(gateway, "/messages?sessionId=00000000000000000000000000000000", Messages.Initialized);

        Assert.Equal(404, foreign.Status);
        Assert.Equal(unknown, foreign);
    }

    [Theory]
    [InlineData("not json", 400, "-32700")]
    [InlineData("{}", 400, "-32600")]
    public async Task What_is_no_message_is_refused_by_status(string body, int status, string code)
    {
        await using var gateway = await FrontHarness.StartAsync();
        using var client = await ConnectAsync(gateway, "/sse");

        var reply = await PostAsync(gateway, client.Address, body);

        Assert.Equal(status, reply.Status);
        Assert.Contains(code, reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/sse", "GET")]
    [InlineData("DELETE", "/sse/up", "GET")]
    [InlineData("GET", "/messages", "POST")]
    public async Task Other_methods_are_refused_with_the_right_one(string method, string path, string allowed)
    {
        await using var gateway = await FrontHarness.StartAsync();

        using var response = await gateway.SendAsync(new HttpMethod(method), path, method == "POST" ? Messages.Initialize("2025-11-25") : null);

        Assert.Equal(405, (int)response.StatusCode);
        Assert.Equal([allowed], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task An_unknown_server_has_no_stream()
    {
        await using var gateway = await FrontHarness.StartAsync();

        Assert.Equal(404, (await gateway.ExchangeAsync(HttpMethod.Get, "/sse/nobody")).Status);
    }

    [Fact]
    public async Task A_client_that_cannot_read_a_stream_gets_none()
    {
        await using var gateway = await FrontHarness.StartAsync();

        Assert.Equal(406, (await gateway.ExchangeAsync(HttpMethod.Get, "/sse", null, ("Accept", "application/json"))).Status);
        using var response = await gateway.SendAsync(HttpMethod.Post, "/messages?sessionId=x", null);
        Assert.Equal(404, (int)response.StatusCode);
    }

    private static Task<(int Status, string Text)> PostAsync(FrontHarness gateway, string address, string body) =>
        gateway.ExchangeAsync(HttpMethod.Post, address, body, ("Accept", ""));

    private static async Task<Client> ConnectAsync(FrontHarness gateway, string path, string revision = "2024-11-05", string capabilities = "{}")
    {
        var stream = await gateway.StreamAsync(HttpMethod.Get, path);
        var address = (await stream.NextAsync())!.Data;
        var client = new Client(gateway, stream, address);
        await client.PostAsync(Messages.Initialize(revision, capabilities));
        client.Initialized = await stream.NextMessageAsync();
        await client.PostAsync(Messages.Initialized);
        return client;
    }

    /// <summary>A client with a stream and the address that it was told.</summary>
    private sealed class Client(FrontHarness gateway, EventStream stream, string address) : IDisposable
    {
        public EventStream Stream => stream;

        public string Address => address;

        public string Initialized { get; set; } = "";

        public async Task PostAsync(string body) => Assert.Equal((202, ""), await LegacySseTests.PostAsync(gateway, address, body));

        public void Dispose() => stream.Dispose();
    }
}
