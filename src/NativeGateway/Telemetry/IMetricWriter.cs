namespace NativeGateway.Telemetry;

/// <summary>How a metric behaves over time.</summary>
internal enum MetricKind
{
    Gauge,

    /// <summary>Counts from the start of the process and only grows.</summary>
    Counter,
}

/// <summary>Takes metrics one family after the other, each with its samples.</summary>
internal interface IMetricWriter
{
    void Begin(string family, MetricKind kind, string? help);

    /// <param name="labels">As Prometheus writes them between the braces, such as <c>server="files",method="ping"</c>; empty for none.</param>
    void Sample(string labels, double value);

    /// <summary>A whole family of its own: one distribution, without labels.</summary>
    /// <param name="bounds">Upper bounds of the buckets but the last one, which has none.</param>
    /// <param name="counts">Of each bucket by itself.</param>
    void Histogram(string family, string help, ReadOnlySpan<double> bounds, ReadOnlySpan<long> counts, double sum);
}
