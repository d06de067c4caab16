using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;

namespace NativeGateway.Telemetry;

/// <summary>
/// What the gateway counts about itself. Tenant and tool names are no labels: their number is not bounded. Recording an exchange allocates nothing once its label set has been seen.
/// </summary>
internal sealed class Metrics
{
    private readonly ConcurrentDictionary<RequestLabels, Counter> _requests = new();
    private readonly ConcurrentDictionary<string, Counter> _limited = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Counter> _incomplete = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<IEnumerable<Sample>>> _gauges = new(StringComparer.Ordinal);
    private readonly Counter _usageDropped = new();
    private readonly Histogram _whole = new();
    private readonly Histogram _upstream = new();

    /// <param name="Server">The upstream's key; empty when the gateway answered itself or refused before it knew.</param>
    private readonly record struct RequestLabels(string Server, string Method, string Outcome);

    /// <summary>One value of a gauge. <paramref name="Labels"/> is the text between the braces, or empty.</summary>
    internal sealed record Sample(string Labels, double Value);

    /// <param name="elapsed">The whole exchange, in <see cref="Stopwatch"/> ticks.</param>
    /// <param name="upstreamElapsed">The part spent on the upstream; 0 when none was involved.</param>
    public void Record(string server, string method, string outcome, long elapsed, long upstreamElapsed)
    {
        _requests.GetOrAdd(new RequestLabels(server, method, outcome), static _ => new Counter()).Increment();
        _whole.Record(elapsed);
        if (upstreamElapsed > 0)
        {
            _upstream.Record(upstreamElapsed);
        }
    }

    public void RecordLimited(string scope) => _limited.GetOrAdd(scope, static _ => new Counter()).Increment();

    /// <summary>Requests whose usage could not be kept for want of room.</summary>
    public void RecordUsageDropped(long count) => _usageDropped.Add(count);

    /// <summary>A list was answered without something of that server, or with what is remembered of it.</summary>
    public void RecordIncomplete(string server) => _incomplete.GetOrAdd(server, static _ => new Counter()).Increment();

    /// <summary>Registers a value that is read when it is asked for.</summary>
    public void AddGauge(string name, Func<IEnumerable<Sample>> read) => _gauges[name] = read;

    public void AddGauge(string name, Func<double> read) => AddGauge(name, () => [new Sample("", read())]);

    /// <summary>In the Prometheus text format.</summary>
    public void WriteTo(IBufferWriter<byte> output) => WriteTo(new PrometheusText(output));

    public void WriteTo(IMetricWriter text)
    {
        text.Begin("mcp_gateway_requests_total", MetricKind.Counter, "MCP requests by server, method and outcome.");
        foreach (var (labels, counter) in _requests)
        {
            text.Sample($"server=\"{labels.Server}\",method=\"{labels.Method}\",outcome=\"{labels.Outcome}\"", counter.Value);
        }

        text.Begin("mcp_gateway_limited_total", MetricKind.Counter, "Requests refused by a limit, by its scope.");
        foreach (var (scope, counter) in _limited)
        {
            text.Sample($"scope=\"{scope}\"", counter.Value);
        }

        text.Begin("mcp_gateway_usage_dropped_total", MetricKind.Counter, "Requests that are missing in usage: memory for what could not be written yet was full.");
        text.Sample("", _usageDropped.Value);

        text.Begin("mcp_gateway_lists_incomplete_total", MetricKind.Counter, "Lists answered without a server's part, or with it from memory, by server.");
        foreach (var (server, counter) in _incomplete)
        {
            text.Sample($"server=\"{server}\"", counter.Value);
        }

        _whole.WriteTo(text, "mcp_gateway_request_duration_seconds", "Whole exchanges.");
        _upstream.WriteTo(text, "mcp_gateway_upstream_duration_seconds", "The part of exchanges that was spent on upstreams.");
        foreach (var (name, read) in _gauges.OrderBy(gauge => gauge.Key, StringComparer.Ordinal))
        {
            text.Begin(name, name.EndsWith("_total", StringComparison.Ordinal) ? MetricKind.Counter : MetricKind.Gauge, null);
            foreach (var sample in read())
            {
                text.Sample(sample.Labels, sample.Value);
            }
        }

        WriteRuntime(text);
    }

    private static void WriteRuntime(IMetricWriter text)
    {
        text.Begin("process_working_set_bytes", MetricKind.Gauge, "Resident memory.");
        text.Sample("", Environment.WorkingSet);
        text.Begin("process_cpu_seconds_total", MetricKind.Counter, "User and system time.");
        text.Sample("", Environment.CpuUsage.TotalTime.TotalSeconds);
        text.Begin("dotnet_gc_allocated_bytes_total", MetricKind.Counter, "Bytes allocated on the managed heap.");
        text.Sample("", GC.GetTotalAllocatedBytes());
        text.Begin("dotnet_gc_collections_total", MetricKind.Counter, "Garbage collections by generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            text.Sample($"generation=\"{generation}\"", GC.CollectionCount(generation));
        }
    }

    private sealed class Counter
    {
        private long _value;

        public long Value => Interlocked.Read(ref _value);

        public void Increment() => Interlocked.Increment(ref _value);

        public void Add(long count) => Interlocked.Add(ref _value, count);
    }

    private sealed class Histogram
    {
        private static readonly double[] Bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

        private readonly long[] _buckets = new long[Bounds.Length + 1];
        private long _ticks;

        public void Record(long ticks)
        {
            var seconds = (double)ticks / Stopwatch.Frequency;
            var bucket = 0;
            while (bucket < Bounds.Length && seconds > Bounds[bucket])
            {
                bucket++;
            }

            Interlocked.Increment(ref _buckets[bucket]);
            Interlocked.Add(ref _ticks, ticks);
        }

        public void WriteTo(IMetricWriter writer, string name, string help) =>
            writer.Histogram(name, help, Bounds, (long[])[.. _buckets], (double)Interlocked.Read(ref _ticks) / Stopwatch.Frequency);
    }
}
