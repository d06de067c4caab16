using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Hosting;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>The data plane behind a real listener on a port of the system's choice, with two keys and the servers that a test names.</summary>
internal sealed class FrontHarness : IAsyncDisposable
{
    private static readonly PermissionConfig WithoutSecrets = PermissionConfig.Everything with { Resources = new GlobRule([], ["*secret*"]) };

    private readonly SnapshotHolder _snapshots;
    private readonly Func<Snapshot> _buildSnapshot;
    private readonly DataPlaneParts _parts;
    private readonly LeanDoor _lean;
    private readonly KestrelListeners _web;
    private readonly HttpClient _client = new() { Timeout = Timeout.InfiniteTimeSpan };

    private FrontHarness(
        SnapshotHolder snapshots, Func<Snapshot> buildSnapshot, DataPlaneParts parts, LeanDoor lean, KestrelListeners web, ChannelReader<UsageEvent> usage, string key, string otherKey)
    {
        (_snapshots, _buildSnapshot) = (snapshots, buildSnapshot);
        (_parts, _lean, _web, Usage, Key, OtherKey) = (parts, lean, web, usage, key, otherKey);
        Address = new Uri(web.Addresses[0]);
    }

    /// <summary>What is reported to usage accounting.</summary>
    public ChannelReader<UsageEvent> Usage { get; }

    public string Key { get; }

    /// <summary>Another key, which may not read resources with a "secret" in their URI.</summary>
    public string OtherKey { get; }

    public Uri Address { get; }

    public static Task<FrontHarness> StartAsync(params (string Key, Uri Url)[] servers) => StartAsync(TimeProvider.System, servers);

    public static Task<FrontHarness> StartAsync(TimeProvider time, params (string Key, Uri Url)[] servers) =>
        StartAsync(time, false, [.. servers.Select(Server)]);

    public static Task<FrontHarness> StartStatelessAsync(params (string Key, Uri Url)[] servers) =>
        StartAsync(TimeProvider.System, true, [.. servers.Select(Server)]);

    /// <summary>Starts with servers over any transport.</summary>
    public static Task<FrontHarness> StartWithAsync(IReadOnlyList<UpstreamConfig> servers) => StartAsync(TimeProvider.System, false, servers);

    /// <summary>Starts without servers, and tells somebody of each refusal.</summary>
    public static Task<FrontHarness> StartWithAsync(Action<DeniedRequest> denied) => StartAsync(TimeProvider.System, false, [], denied);

    /// <summary>Before one program.</summary>
    public static Task<FrontHarness> StartAsync(string key, CommandConfig command) =>
        StartAsync(TimeProvider.System, false, [Server((key, new Uri("stdio:"))) with { Transport = UpstreamTransport.Stdio, Endpoints = [], Command = command }]);

    private static async Task<FrontHarness> StartAsync(
        TimeProvider time, bool isStateless, IReadOnlyList<UpstreamConfig> servers, Action<DeniedRequest>? denied = null)
    {
        var (key, otherKey) = (ApiKey.Create(), ApiKey.Create());
        var faults = new List<string>();
        Snapshot BuildSnapshot()
        {
            var snapshot = SnapshotBuilder.Build(
                RegistryConfig.Empty, servers, [FileKey(key, PermissionConfig.Everything), FileKey(otherKey, WithoutSecrets)], GatewaySettings.Default with { KeyLimits = null }, false, faults);
            Assert.NotNull(snapshot);
            return snapshot;
        }

        var snapshots = new SnapshotHolder(BuildSnapshot());
        var encryptionKey = EncryptionKey.Parse(Convert.ToBase64String(new byte[32]), "the test");
        var usage = Channel.CreateUnbounded<UsageEvent>();
        // No organization here has quotas to ask for.
        var setup = new DataPlaneSetup(encryptionKey, isStateless, [], null!, usage.Writer, () => new HealthReport(true, true, null, 1, 0, 0))
        {
            Denied = denied ?? (static _ => { }),
        };
        var parts = new DataPlaneParts(snapshots, setup, time, NullLoggerFactory.Instance);
        var options = new GatewayOptions
        {
            Listen = [ListenAddress.Parse("http://127.0.0.1:0", out _)!],
            Store = new StoreOptions("sqlite:none", "none", null),
        };
        var lean = new LeanDoor(parts, NullLogger.Instance);
        var web = KestrelSetup.Build(
            options, null, () => GatewaySettings.Default.MaxRequestBytes, NullLoggerFactory.Instance, lean.Front, parts.Router.HandleAsync);
        await web.StartAsync();
        return new FrontHarness(snapshots, BuildSnapshot, parts, lean, web, usage.Reader, key.Text, otherKey.Text);
    }

    /// <summary>Puts one with the same content in its place, as every change of the registry does. Returns the one that was.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public WeakReference ReplaceSnapshot()
    {
        var replaced = new WeakReference(_snapshots.Current);
        _snapshots.Swap(_buildSnapshot());
        return replaced;
    }

    /// <summary>Sends a request and returns as soon as its response has begun.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, new Uri(Address, path));
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Authorization"] = $"Bearer {Key}",
            ["Accept"] = method == HttpMethod.Get ? "text/event-stream" : "application/json, text/event-stream",
        };
        foreach (var (name, value) in headers)
        {
            all[name] = value;
        }

        foreach (var (name, value) in all.Where(header => header.Value.Length > 0))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(TestTime.Limit);
    }

    /// <summary>Sends a request whose response must be an event stream.</summary>
    public async Task<EventStream> StreamAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        var response = await SendAsync(method, path, body, headers);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new EventStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Sends a request and reads the whole response.</summary>
    public async Task<(int Status, string Text)> ExchangeAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, path, body, headers);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync().WaitAsync(TestTime.Limit));
    }

    /// <summary>A client of the aggregate over stdio, with the first key.</summary>
    public LineClient ConnectOverStdio() => new(lines => _parts.NewStdioFront(lines, Encoding.ASCII.GetBytes(Key)));

    /// <summary>Opens a session on the aggregate endpoint; its id.</summary>
    public async Task<string> OpenSessionAsync(string revision, string capabilities = "{}")
    {
        using var response = await SendAsync(HttpMethod.Post, "/mcp", Messages.Initialize(revision, capabilities));
        Assert.Equal(200, (int)response.StatusCode);
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }

    /// <summary>As the gateway does when it is told to end: streams that nobody needs end.</summary>
    public void CloseStreams() => _parts.CloseStreams();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Task.WhenAll(_lean.Front.DrainAsync(CancellationToken.None), _web.StopAsync(CancellationToken.None)).WaitAsync(TestTime.Limit);
        await _parts.DisposeAsync();
        await _web.DisposeAsync();
        _lean.Dispose();
    }

    private static UpstreamConfig Server((string Key, Uri Url) server) => new()
    {
        Id = Guid.NewGuid(),
        WorkspaceId = Guid.NewGuid(),
        Key = server.Key,
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints = [new EndpointConfig(server.Url)],
        Trusted = true,
        CostPerCall = 0.25m,
        Source = ConfigSource.File,
    };

    private static FileKey FileKey(NewApiKey key, PermissionConfig permissions) =>
        new("test", key.Id, SHA256.HashData(Encoding.ASCII.GetBytes(key.Text)), KeyScopes.Mcp, permissions);
}
