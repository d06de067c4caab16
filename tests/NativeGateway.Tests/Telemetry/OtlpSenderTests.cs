using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.Shared;
using NativeGateway.Telemetry.Otlp;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.Telemetry;

public sealed class OtlpSenderTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly ScriptedCollector _collector = new();
    private readonly HttpMessageInvoker _client;
    private readonly OtlpSender _sender;

    public OtlpSenderTests()
    {
        _client = new HttpMessageInvoker(_collector, disposeHandler: false);
        var target = new OtlpTarget(new Uri("http://collector.test/v1/traces"), [new("x-token", "secret")], TimeSpan.FromSeconds(10));
        _sender = new OtlpSender(target, _client, _clock, NullLogger.Instance);
    }

    public void Dispose()
    {
        _client.Dispose();
        _collector.Dispose();
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.BadGateway)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.GatewayTimeout)]
    public async Task What_is_refused_for_the_moment_is_sent_again(HttpStatusCode status)
    {
        _collector.Answers.Enqueue((status, null));

        Assert.True(await SendAsync());

        Assert.Equal(2, _collector.Sent);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.Found)]
    public async Task What_is_refused_for_good_is_not(HttpStatusCode status)
    {
        _collector.Answers.Enqueue((status, null));

        Assert.False(await SendAsync());

        Assert.Equal(1, _collector.Sent);
    }

    [Fact]
    public async Task A_collector_that_stays_away_is_asked_a_few_times_only()
    {
        _collector.IsAway = true;

        Assert.False(await SendAsync());

        Assert.Equal(5, _collector.Sent);
    }

    [Fact]
    public async Task A_collector_that_asks_for_time_gets_it()
    {
        _collector.Answers.Enqueue((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(20)));
        var began = _clock.GetUtcNow();

        Assert.True(await SendAsync());

        Assert.InRange(_clock.GetUtcNow() - began, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(22));
    }

    [Fact]
    public async Task The_last_attempt_of_a_process_is_one()
    {
        _collector.IsAway = true;

        Assert.False(await _sender.TrySendAsync(new byte[1], attempts: 1, CancellationToken.None));

        Assert.Equal(1, _collector.Sent);
    }

    /// <summary>Lets time pass wherever the sender waits.</summary>
    private async Task<bool> SendAsync()
    {
        var sending = _sender.TrySendAsync(new byte[] { 1, 2, 3 }, attempts: int.MaxValue, CancellationToken.None);
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!sending.IsCompleted)
        {
            Assert.True(started.Elapsed < TestTime.Limit, "It does not end.");
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return await sending;
    }

    private sealed class ScriptedCollector : HttpMessageHandler
    {
        public Queue<(HttpStatusCode Status, TimeSpan? RetryAfter)> Answers { get; } = new();

        public bool IsAway { get; set; }

        public int Sent { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Sent++;
            Assert.Equal(["secret"], request.Headers.GetValues("x-token"));
            Assert.Equal("application/x-protobuf", request.Content!.Headers.ContentType!.ToString());
            if (IsAway)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, "nobody is there");
            }

            var (status, retryAfter) = Answers.TryDequeue(out var told) ? told : (HttpStatusCode.OK, null);
            var response = new HttpResponseMessage(status);
            if (retryAfter is { } wait)
            {
                response.Headers.RetryAfter = new(wait);
            }

            return Task.FromResult(response);
        }
    }
}
