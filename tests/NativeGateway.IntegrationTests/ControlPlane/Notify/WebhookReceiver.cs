using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.Hosting;
using NativeGateway.Model;

namespace NativeGateway.IntegrationTests.ControlPlane.Notify;

/// <summary>What a receiver was sent.</summary>
internal sealed record Received(string Path, string Delivery, string Event, string Signature, string Body)
{
    /// <summary>Checks the signature the way that the documentation tells receivers to.</summary>
    public bool IsSignedWith(string secret)
    {
        var parts = Signature.Split(',');
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{parts[0]["t=".Length..]}.{Body}"));
        return parts[1] == "v1=" + Convert.ToHexStringLower(expected);
    }
}

/// <summary>A receiver of webhooks on a real socket; says to each what it is told to, and keeps what it got.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly KestrelListeners _web;
    private readonly ConcurrentQueue<int> _statuses = new();

    private WebhookReceiver()
    {
        var options = new GatewayOptions
        {
            Listen = [ListenAddress.Parse("http://127.0.0.1:0", out _)!],
            Store = new StoreOptions("sqlite:none", "none", null),
        };
        _web = KestrelSetup.Build(options, null, () => GatewaySettings.Default.MaxRequestBytes, NullLoggerFactory.Instance, null, AnswerAsync);
    }

    public Uri Url => new(new Uri(_web.Addresses[0]), "/hook?token=planted-token");

    public ConcurrentQueue<Received> All { get; } = new();

    /// <summary>Leaves what comes unanswered, and tells that it came.</summary>
    public TaskCompletionSource? Hanging { get; set; }

    public static async Task<WebhookReceiver> StartAsync(params int[] statuses)
    {
        var receiver = new WebhookReceiver();
        foreach (var status in statuses)
        {
            receiver._statuses.Enqueue(status);
        }

        await receiver._web.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync() => await _web.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        All.Enqueue(new Received(context.Request.Path, Header("X-NativeGateway-Delivery"), Header("X-NativeGateway-Event"), Header("X-NativeGateway-Signature"), body));
        if (Hanging is { } hanging)
        {
            hanging.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        context.Response.StatusCode = _statuses.TryDequeue(out var status) ? status : 204;
        context.Response.Headers.Location = "/elsewhere";

        string Header(string name) => context.Request.Headers[name].ToString();
    }
}
