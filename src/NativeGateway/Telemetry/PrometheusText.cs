using System.Buffers;
using System.Globalization;
using System.Text;

namespace NativeGateway.Telemetry;

/// <summary>Writes the Prometheus text format (exposition format 0.0.4): a family's head, then its samples.</summary>
internal sealed class PrometheusText(IBufferWriter<byte> output) : IMetricWriter
{
    private string _family = "";

    public void Begin(string family, MetricKind kind, string? help) => Begin(family, kind == MetricKind.Counter ? "counter" : "gauge", help);

    public void Sample(string labels, double value) => Sample("", labels, value);

    public void Histogram(string family, string help, ReadOnlySpan<double> bounds, ReadOnlySpan<long> counts, double sum)
    {
        Begin(family, "histogram", help);
        long count = 0;
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            count += counts[bucket];
            Sample("_bucket", $"le=\"{(bucket < bounds.Length ? Number(bounds[bucket]) : "+Inf")}\"", count);
        }

        Sample("_sum", "", sum);
        Sample("_count", "", count);
    }

    private void Begin(string family, string type, string? help)
    {
        _family = family;
        if (help is not null)
        {
            Write($"# HELP {family} {help}\n");
        }

        Write($"# TYPE {family} {type}\n");
    }

    private void Sample(string suffix, string labels, double value)
    {
        Write(labels.Length == 0 ? $"{_family}{suffix} {Number(value)}\n" : $"{_family}{suffix}{{{labels}}} {Number(value)}\n");
    }

    private static string Number(double value) => value.ToString("0.################", CultureInfo.InvariantCulture);

    private void Write(string text) => Encoding.UTF8.GetBytes(text, output);
}
