namespace NativeGateway.Telemetry.Otlp;

/// <summary>
/// The same metrics as an <c>ExportMetricsServiceRequest</c> (opentelemetry/proto/metrics/v1), under the same names: counters and histograms
/// cumulative from the start of the process.
/// </summary>
/// <param name="started">When the process started, in nanoseconds since 1970.</param>
/// <param name="now">When the values are read.</param>
internal sealed class OtlpMetrics(ProtobufWriter writer, long started, long now) : IMetricWriter
{
    private const int Cumulative = 2;

    private MetricKind _kind;
    private int _metric, _data;

    public void Begin(string family, MetricKind kind, string? help)
    {
        End();
        _kind = kind;
        _metric = BeginMetric(family, help);
        _data = writer.Begin(kind == MetricKind.Counter ? 7 : 5);
    }

    public void Sample(string labels, double value)
    {
        var point = writer.Begin(1);
        writer.Fixed(2, (ulong)started);
        writer.Fixed(3, (ulong)now);
        writer.Double(4, value);
        WriteLabels(labels);
        writer.End(point);
    }

    public void Histogram(string family, string help, ReadOnlySpan<double> bounds, ReadOnlySpan<long> counts, double sum)
    {
        End();
        var metric = BeginMetric(family, help);
        writer.Text(3, "s");
        var data = writer.Begin(9);
        var point = writer.Begin(1);
        writer.Fixed(2, (ulong)started);
        writer.Fixed(3, (ulong)now);
        var count = 0L;
        foreach (var one in counts)
        {
            count += one;
        }

        writer.Fixed(4, (ulong)count);
        writer.Double(5, sum);
        writer.Counts(6, counts);
        writer.Doubles(7, bounds);
        writer.End(point);
        writer.Number(2, Cumulative);
        writer.End(data);
        writer.End(metric);
    }

    /// <summary>After the last sample of all.</summary>
    public void End()
    {
        if (_metric == 0)
        {
            return;
        }

        if (_kind == MetricKind.Counter)
        {
            writer.Number(2, Cumulative);
            writer.Number(3, 1);
        }

        writer.End(_data);
        writer.End(_metric);
        _metric = 0;
    }

    private int BeginMetric(string family, string? help)
    {
        var metric = writer.Begin(2);
        writer.Text(1, family);
        writer.Text(2, help ?? "");
        return metric;
    }

    /// <summary>Values are keys of servers and words of the gateway's own: nothing in them is escaped.</summary>
    private void WriteLabels(ReadOnlySpan<char> labels)
    {
        while (!labels.IsEmpty)
        {
            var name = labels[..labels.IndexOf('=')];
            var rest = labels[(name.Length + 2)..];
            var value = rest[..rest.IndexOf('"')];
            OtlpResource.Attribute(writer, 7, name.ToString(), value);
            labels = rest[(value.Length + 1)..].TrimStart(',');
        }
    }
}
