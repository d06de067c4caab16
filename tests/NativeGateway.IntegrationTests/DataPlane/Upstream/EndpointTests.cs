using System.Net;
using System.Net.Sockets;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Upstream;

/// <summary>Which of several endpoints is used, and what happens when one cannot be reached.</summary>
public sealed class EndpointTests
{
    [Fact]
    public async Task An_endpoint_that_refuses_connections_has_seen_nothing()
    {
        await using var upstream = Unreachable();
        await using var gateway = new UpstreamHarness(upstream.Url);

        var error = await gateway.FailToOpenAsync();

        Assert.Equal((ErrorKind.UpstreamUnavailable, RetryHint.NothingSent), (error.Kind, error.Retry));
        Assert.Equal("Upstream 'up' cannot be reached.", error.Message);
        Assert.Contains("ConnectionRefused", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_has_seen_nothing()
    {
        await using var gateway = new UpstreamHarness(new Uri("http://no-such-host.invalid/mcp"));

        var error = await gateway.FailToOpenAsync();

        Assert.Equal((ErrorKind.UpstreamUnavailable, RetryHint.NothingSent), (error.Kind, error.Retry));
        Assert.DoesNotContain("invalid", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_speaks_no_tls_has_seen_nothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var gateway = new UpstreamHarness(new Uri($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/mcp"));
        var opening = gateway.FailToOpenAsync();
        using (var socket = await listener.AcceptSocketAsync().WaitAsync(TestTime.Limit))
        {
            await socket.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), SocketFlags.None);
        }

        var error = await opening;

        Assert.Equal((ErrorKind.UpstreamUnavailable, RetryHint.NothingSent), (error.Kind, error.Retry));
        Assert.Contains("TLS", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_opening_that_gets_no_connection_goes_on_to_the_next_endpoint()
    {
        // Accepts and never speaks, as far as TLS is concerned.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var clock = new TestClock();
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(
            new UpstreamHarnessOptions { Time = clock },
            new Uri($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/mcp"),
            upstream.Url);
        var opening = gateway.OpenAsync();
        using var silent = await listener.AcceptSocketAsync().WaitAsync(TestTime.Limit);

        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.True((await opening).Peer.Revision.IsModern);
    }

    [Fact]
    public async Task Five_failures_open_the_circuit_and_one_request_finds_out_whether_the_endpoint_is_back()
    {
        var clock = new TestClock();
        await using var upstream = Unreachable();
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Time = clock }, upstream.Url);
        for (var i = 0; i < 5; i++)
        {
            Assert.Null((await gateway.FailToOpenAsync()).RetryAfter);
        }

        var refused = await gateway.FailToOpenAsync();
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(1));
        Assert.Equal((ErrorKind.UpstreamUnavailable, RetryHint.NothingSent), (refused.Kind, refused.Retry));
        Assert.Contains("ConnectionRefused", refused.Detail, StringComparison.Ordinal);

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await gateway.FailToOpenAsync()).RetryAfter);
        Assert.True((await gateway.FailToOpenAsync()).RetryAfter > TimeSpan.FromSeconds(1));

        clock.Advance(TimeSpan.FromSeconds(2));
        upstream.Listen();
        Assert.Null((await gateway.CallAsync()).Error);
    }

    [Fact]
    public async Task The_endpoint_of_the_lowest_priority_number_is_used()
    {
        await using var first = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var second = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Reversed = true }, first.Url, second.Url);

        await gateway.CallAsync();

        Assert.Empty(first.Labels);
        Assert.Equal(["server/discover", "tools/call"], second.Labels);
    }

    [Fact]
    public async Task An_opening_goes_on_to_the_next_endpoint_when_one_cannot_be_reached()
    {
        await using var upstream = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var unreachable = Unreachable();
        await using var gateway = new UpstreamHarness(unreachable.Url, upstream.Url);

        Assert.Null((await gateway.CallAsync()).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_moves_to_another_endpoint_when_nothing_of_it_was_sent(bool isModern)
    {
        Func<ScriptedRequest, Task> script = isModern ? new ModernScript().RunAsync : new LegacyScript { HasSessions = false }.RunAsync;
        await using var first = new ScriptedUpstream(script);
        await using var second = new ScriptedUpstream(script);
        await using var gateway = new UpstreamHarness(first.Url, second.Url);
        var session = await gateway.OpenAsync();
        await first.GoAwayAsync();

        // The connection that is still in the pool may be found broken only after the request was sent; that one is not sent again.
        var outcome = await UpstreamHarness.CallAsync(session);
        outcome = outcome.Error is { Retry: RetryHint.Never } ? await UpstreamHarness.CallAsync(session) : outcome;

        Assert.Null(outcome.Error);
        Assert.Equal(1, second.Count("tools/call"));
    }

    [Fact]
    public async Task A_request_that_may_have_arrived_goes_nowhere_else()
    {
        await using var first = new ScriptedUpstream(new ModernScript
        {
            OnCall = request =>
            {
                request.Abort();
                return Task.CompletedTask;
            },
        }.RunAsync);
        await using var second = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(first.Url, second.Url);

        var outcome = await gateway.CallAsync();

        Assert.Equal(RetryHint.Never, outcome.Error!.Retry);
        Assert.Empty(second.Labels);
    }

    [Fact]
    public async Task A_request_does_not_move_to_an_endpoint_of_another_revision()
    {
        await using var first = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var second = new ScriptedUpstream(new LegacyScript().RunAsync);
        await using var gateway = new UpstreamHarness(first.Url, second.Url);
        var session = await gateway.OpenAsync();
        await first.GoAwayAsync();

        var outcome = await UpstreamHarness.CallAsync(session);

        Assert.Equal(ErrorKind.UpstreamUnavailable, outcome.Error!.Kind);
        Assert.Equal(0, second.Count("tools/call"));
    }

    [Fact]
    public async Task When_every_circuit_is_open_the_shortest_wait_is_told()
    {
        var clock = new TestClock();
        await using var first = Unreachable();
        await using var second = Unreachable();
        await using var gateway = new UpstreamHarness(new UpstreamHarnessOptions { Time = clock }, first.Url, second.Url);
        for (var i = 0; i < 5; i++)
        {
            await gateway.FailToOpenAsync();
        }

        var error = await gateway.FailToOpenAsync();

        Assert.InRange(error.RetryAfter!.Value, TimeSpan.FromSeconds(0.8), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_guarded_upstream_does_not_reach_the_own_network()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript().RunAsync);
        await using var gateway = new UpstreamHarness(
            new UpstreamHarnessOptions { IsGuarded = true }, upstream.Url, new UriBuilder(upstream.Url) { Host = "localhost" }.Uri);

        var error = await gateway.FailToOpenAsync();

        Assert.Equal((ErrorKind.UpstreamUnavailable, "No endpoint of upstream 'up' is available: 2 of 2 cannot be reached."), (error.Kind, error.Message));
        Assert.Contains("marked as trusted", error.Detail, StringComparison.Ordinal);
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    public async Task A_caller_that_gives_up_does_not_count_as_a_failure()
    {
        await using var upstream = new ScriptedUpstream(new ModernScript { OnCall = request => request.ClosedAsync() }.RunAsync);
        await using var gateway = new UpstreamHarness(upstream.Url);
        var session = await gateway.OpenAsync();
        for (var i = 0; i < 6; i++)
        {
            using var patience = new CancellationTokenSource();
            var sending = session.SendAsync(UpstreamHarness.ToolCall(session), patience.Token).AsTask();
            await upstream.NextAsync("tools/call");
            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }

        Assert.Null((await gateway.TryOpenAsync(ClientCapabilities.None)).Error);
    }

    private static ScriptedUpstream Unreachable() => new(new ModernScript().RunAsync, listens: false);
}
