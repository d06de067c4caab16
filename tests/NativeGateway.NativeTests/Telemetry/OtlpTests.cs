using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Telemetry;

/// <summary>Traces and metrics as a collector gets them, decoded without the gateway's own code; field numbers are those of opentelemetry-proto.</summary>
public sealed class OtlpTests : IAsyncLifetime
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string ClientSpan = "00f067aa0ba902b7";
    private const int ServerKind = 2, ClientKind = 3;

    private GatewayProcess? _gateway;

    private LegacyUpstream Upstream { get; } = new();

    /// <summary>Temporarily away at first: what it is sent then has to come again.</summary>
    private OtlpCollector Collector { get; } = new(503);

    private GatewayProcess Gateway => _gateway!;

    public async Task InitializeAsync() => _gateway = await StartAsync();

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Collector.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_call_is_a_span_in_its_clients_trace_and_the_parent_of_what_the_upstream_does()
    {
        var call = RawRequest.Post("/mcp", Rpc.Call("up__exact")).As(Gateway.AdminKey).With("traceparent", $"00-{Trace}-{ClientSpan}-01").With("tracestate", "a=b");
        var (reply, passed) = await CallAsync(call);

        var whole = await Collector.SpanAsync(span => span.Hex(4) == ClientSpan);
        Assert.Equal((Trace, "tools/call exact", (ulong)ServerKind), (whole.Hex(1), whole.Text(5), whole.Number(6)));
        var attributes = Attributes(whole, 9);
        Assert.Equal(reply["X-Request-Id"], attributes["mcp_gateway.request_id"]);
        Assert.Equal(("tools/call", "exact", "up", "ok"), (attributes["mcp.method.name"], attributes["gen_ai.tool.name"], attributes["mcp_gateway.server"], attributes["mcp_gateway.outcome"]));

        var part = await Collector.SpanAsync(span => span.Hex(4) == whole.Hex(2));
        Assert.Equal((Trace, (ulong)ClientKind), (part.Hex(1), part.Number(6)));
        Assert.Equal(($"00-{Trace}-{part.Hex(2)}-01", "a=b"), (passed.Head["traceparent"], passed.Head["tracestate"]));
        ulong[] times = [whole.Number(7), part.Number(7), part.Number(8), whole.Number(8)];
        Assert.Equal(times.Order(), times);
        Assert.InRange(DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeMilliseconds((long)(times[3] / 1_000_000)), TimeSpan.FromSeconds(-1), TestTime.Limit);
    }

    [Fact]
    public async Task A_trace_in_the_body_is_joined_and_goes_on_there()
    {
        var parent = $"00-{Trace}-{ClientSpan}-01";
        var body = $$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"up__exact","arguments":{},"_meta":{"a":1,"traceparent":"{{{{parent}}}}"}}}""";
        var (_, passed) = await CallAsync(RawRequest.Post("/mcp", body).As(Gateway.AdminKey));

        var whole = await Collector.SpanAsync(span => span.Hex(4) == ClientSpan);
        var part = await Collector.SpanAsync(span => span.Hex(4) == whole.Hex(2));
        Assert.Equal($"00-{Trace}-{part.Hex(2)}-01", passed.Params.GetProperty("_meta").GetProperty("traceparent").GetString());
        Assert.Equal(1, passed.Params.GetProperty("_meta").GetProperty("a").GetInt32());
    }

    [Fact]
    public async Task What_the_caller_did_not_sample_is_no_span_and_passes_untouched()
    {
        var untraced = $"00-{Trace}-{ClientSpan}-00";
        var (_, passed) = await CallAsync(RawRequest.Post("/mcp", Rpc.Call("up__exact")).As(Gateway.AdminKey).With("traceparent", untraced));
        Assert.Equal(401, (await Gateway.PostAsync("/mcp", Rpc.Ping, "wrong")).Status);

        // It is exported after the other one would have been.
        var refused = await Collector.SpanAsync(span => Attributes(span, 9).GetValueOrDefault("error.type") == "unauthenticated");
        Assert.Equal(2uL, refused.Message(15).Number(3));
        Assert.Equal(untraced, passed.Head["traceparent"]);
        await Collector.FindAsync(all => all.SelectMany(one => one.Items).Any(span => span.Hex(4) == ClientSpan) ? null : all);
    }

    [Fact]
    public async Task Metrics_come_under_the_names_of_the_scrape_with_the_resource_and_the_headers()
    {
        Assert.Equal(200, (await Gateway.PostAsync("/mcp", Rpc.Call("up__echo"))).Status);

        var export = await Collector.FindAsync(all => all.FirstOrDefault(one => one.Path == "/v1/metrics" && Requests(one) is not null));
        Assert.Contains("x-token: se cret", export.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("content-type: application/x-protobuf", export.Head, StringComparison.OrdinalIgnoreCase);
        var resource = Attributes(export.Resource.Message(1), 1);
        Assert.Equal(("edge", "eu,west"), (resource["service.name"], resource["place"]));

        var sum = Metric(export, "mcp_gateway_requests_total")!.Message(7);
        Assert.Equal((2uL, 1uL), (sum.Number(2), sum.Number(3)));
        Assert.Equal(1, Requests(export)!.Double(4));

        var point = Metric(export, "mcp_gateway_upstream_duration_seconds")!.Message(9).Message(1);
        Assert.Equal(point.Number(4), (ulong)point.Packed(6).Sum(count => (long)count));
        Assert.Equal(point.Packed(6).Count, point.Packed(7).Count + 1);

        var scrape = (await Gateway.GetAsync("/metrics")).Text;
        var exported = export.Items.Select(metric => metric.Text(1)).ToHashSet();
        Assert.All(
            scrape.Split('\n').Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]), name => Assert.Contains(name, exported));
    }

    [Fact]
    public async Task What_is_not_exported_yet_at_the_end_is_exported_then()
    {
        await using var gateway = await StartAsync(("OTEL_BSP_SCHEDULE_DELAY", "3600000"));
        var id = (await gateway.PostAsync("/mcp", Rpc.Ping))["X-Request-Id"];

        Assert.Equal(0, await gateway.StopAsync());

        await Collector.SpanAsync(span => Attributes(span, 9)["mcp_gateway.request_id"] == id);
    }

    private Task<GatewayProcess> StartAsync(params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Collector.Url,
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-token=se%20cret",
            ["OTEL_SERVICE_NAME"] = "edge",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "place=eu%2Cwest,service.name=other",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "50",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return GatewayProcess.StartAsync(new GatewaySetup
        {
            Config = new GatewayConfig { Servers = [("up", GatewayConfig.Entry(Upstream))] },
            Environment = environment,
        });
    }

    /// <summary>Calls the tool <c>exact</c>; the answer, and what the upstream was sent.</summary>
    private async Task<(Reply Reply, UpstreamRequest Passed)> CallAsync(RawRequest call)
    {
        var passed = new TaskCompletionSource<UpstreamRequest>();
        Upstream.Tools.Exact = (request, reply) =>
        {
            passed.TrySetResult(request);
            return ToolScripts.EchoAsync(request, reply);
        };
        var reply = await Gateway.SendAsync(call);
        Assert.Equal(200, reply.Status);
        return (reply, await passed.Task.WaitAsync(TestTime.Limit));
    }

    private static ProtobufFields? Requests(Exported export) => Metric(export, "mcp_gateway_requests_total")?.Message(7).Messages(1)
        .FirstOrDefault(point => Attributes(point, 7) is var labels && labels["server"] == "up" && labels["method"] == "tools/call" && labels["outcome"] == "ok");

    private static ProtobufFields? Metric(Exported export, string name) => export.Items.FirstOrDefault(metric => metric.Text(1) == name);

    private static Dictionary<string, string> Attributes(ProtobufFields item, int field) =>
        item.Messages(field).ToDictionary(attribute => attribute.Text(1), attribute => attribute.Message(2).Text(1));
}
