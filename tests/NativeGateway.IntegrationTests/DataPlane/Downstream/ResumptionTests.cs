using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>Clients of a session that lose a stream and come back for the rest of it.</summary>
public sealed class ResumptionTests
{
    private static readonly string[] Said = [Messages.Log(1), Messages.Log(2), Messages.Log(3), Messages.Result("$id", """{"content":[],"n":4}""")];

    public static TheoryData<string, int, int> Cuts
    {
        get
        {
            var cuts = new TheoryData<string, int, int>();
            foreach (var revision in (string[])["2025-11-25", "2025-06-18"])
            {
                for (var said = 1; said <= Said.Length; said++)
                {
                    for (var seen = 1; seen <= said; seen++)
                    {
                        cuts.Add(revision, seen, said);
                    }
                }
            }

            return cuts;
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_calls_stream_that_is_cut_anywhere_goes_on_where_it_was_cut(string revision, int seen, int said)
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync(revision));
        var calling = gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"), session);
        foreach (var message in Said.Take(said))
        {
            server.Say(message);
        }

        var events = new List<ReceivedEvent>();
        using (var post = await calling)
        {
            while (events.Count < seen)
            {
                events.Add((await post.NextAsync())!);
            }
        }

        using var get = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", events[^1].Id!));
        foreach (var message in Said.Skip(said))
        {
            server.Say(message);
        }

        events.AddRange(await get.ReadToEndAsync());
        Assert.Equal(Said.Select(message => message.Replace("$id", "1", StringComparison.Ordinal)), events.Select(next => next.Data).Where(data => data.Length > 0));
        Assert.All(events, next => Assert.NotNull(next.Id));
        Assert.Equal(events.Count, events.DistinctBy(next => next.Id).Count());
        Assert.Equal(revision == "2025-11-25" ? 1 : 0, events.Count(next => next.Data.Length == 0));
    }

    [Fact]
    public async Task The_first_event_of_a_stream_names_a_position_and_a_time_to_wait()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));

        // The server says nothing: the stream begins because the wait is long.
        using var post = await gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"), session);
        var first = (await post.NextAsync())!;
        server.Say(Said[^1]);

        Assert.Equal(("", "1000"), (first.Data, first.Retry));
        Assert.NotNull(first.Id);
        Assert.Contains("\"n\":4", await post.NextMessageAsync(), StringComparison.Ordinal);
        Assert.Null(await post.NextAsync());
    }

    [Fact]
    public async Task An_answer_that_comes_at_once_is_a_body_without_events()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));

        using var response = await gateway.SendAsync(HttpMethod.Post, "/mcp", """{"jsonrpc":"2.0","id":1,"method":"ping"}""", session);

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Without_a_session_events_bear_no_ids()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        server.Say(Said[0]);
        server.Say(Said[^1]);

        using var post = await gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"));

        Assert.All(await post.ReadToEndAsync(), next => Assert.Null(next.Id));
    }

    [Fact]
    public async Task Modern_clients_get_no_ids_whatever_they_send()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        server.Say(Said[0]);
        server.Say(Said[^1]);
        const string call =
            """
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__stream","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"debug"}}}
            """;

        using var post = await gateway.StreamAsync(
            HttpMethod.Post, "/mcp", call, session, ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "up__stream"), ("Last-Event-ID", "1-1"));
        var events = await post.ReadToEndAsync();

        Assert.Equal(2, events.Count);
        Assert.All(events, next => Assert.Null(next.Id));
    }

    [Fact]
    public async Task The_long_stream_goes_on_where_it_was_cut()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        string first, second;
        using (var get = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session))
        {
            first = (await get.NextAsync())!.Id!;
            await server.Upstream.NextAsync("GET");
            server.AnnounceTools();
            second = (await get.NextAsync())!.Id!;
        }

        using (var again = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", first)))
        {
            Assert.Equal(second, (await again.NextAsync())!.Id);
        }

        using var resumed = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", second));
        server.AnnounceTools();
        var third = (await resumed.NextAsync())!;
        Assert.Contains("tools/list_changed", third.Data, StringComparison.Ordinal);
        Assert.NotEqual(second, third.Id);
    }

    [Fact]
    public async Task A_second_long_stream_takes_the_first_over()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        using var first = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session);
        await first.NextAsync();

        using var second = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session);

        Assert.Null(await first.NextAsync());
        await second.NextAsync();
        await server.Upstream.NextAsync("GET");
        server.AnnounceTools();
        Assert.Contains("tools/list_changed", await second.NextMessageAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1-1")]
    [InlineData("0-99")]
    [InlineData("anything")]
    public async Task An_event_that_the_session_never_sent_is_refused(string id)
    {
        await using var gateway = await FrontHarness.StartAsync();
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));

        var (status, text) = await gateway.ExchangeAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", id));

        Assert.Equal(400, status);
        Assert.Contains("-32600", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_can_be_resumed_by_its_own_session_and_key_only()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        var other = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        string id;
        using (var post = await gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"), session))
        {
            id = (await post.NextAsync())!.Id!;
        }

        Assert.Equal(400, (await gateway.ExchangeAsync(HttpMethod.Get, "/mcp", null, other, ("Last-Event-ID", id))).Status);
        var foreign = await gateway.ExchangeAsync(
            HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", id), ("Authorization", $"Bearer {gateway.OtherKey}"));
        Assert.Equal(404, foreign.Status);
        server.Say(Said[^1]);
        using var get = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", id));
        Assert.Contains("\"n\":4", await get.NextMessageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_the_session_ends_a_resumed_stream()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        string id;
        using (var post = await gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"), session))
        {
            id = (await post.NextAsync())!.Id!;
        }

        using var get = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", id));
        Assert.Equal(204, (await gateway.ExchangeAsync(HttpMethod.Delete, "/mcp", null, session)).Status);

        Assert.Null(await get.NextAsync());
        Assert.Equal(404, (await gateway.ExchangeAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", id))).Status);
    }

    [Fact]
    public async Task A_lost_connection_cancels_nothing_upstream()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        string id;
        using (var post = await gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"), session))
        {
            id = (await post.NextAsync())!.Id!;
        }

        server.Say(Said[^1]);
        using var get = await gateway.StreamAsync(HttpMethod.Get, "/mcp", null, session, ("Last-Event-ID", id));

        Assert.Single(await get.ReadToEndAsync());
        Assert.Equal(0, server.Upstream.Count("notifications/cancelled"));
        Assert.Equal(1, server.Upstream.Count("tools/call"));
    }

    [Fact]
    public async Task A_cancelled_call_ends_its_stream_without_an_answer()
    {
        await using var server = new StreamingServer();
        await using var gateway = await FrontHarness.StartAsync(("up", server.Url));
        var session = ("Mcp-Session-Id", await gateway.OpenSessionAsync("2025-11-25"));
        using var post = await gateway.StreamAsync(HttpMethod.Post, "/mcp", Messages.Call("up__stream"), session);
        await post.NextAsync();

        var cancelled = await gateway.ExchangeAsync(
            HttpMethod.Post, "/mcp", """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}""", session);

        Assert.Equal(202, cancelled.Status);
        Assert.Null(await post.NextAsync());
    }
}
