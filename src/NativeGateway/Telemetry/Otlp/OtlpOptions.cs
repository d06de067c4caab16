namespace NativeGateway.Telemetry.Otlp;

/// <summary>Where one signal goes, as the <c>OTEL_EXPORTER_OTLP_…</c> variables say. Holds secrets, so it is never printed.</summary>
/// <param name="Endpoint">Complete, with the path of the signal.</param>
/// <param name="Timeout">Of one attempt.</param>
internal sealed record OtlpTarget(Uri Endpoint, IReadOnlyList<KeyValuePair<string, string>> Headers, TimeSpan Timeout)
{
    public override string ToString() => nameof(OtlpTarget);
}

/// <summary>What the standard <c>OTEL_*</c> variables ask for.</summary>
internal sealed record OtlpOptions
{
    /// <summary>Null when traces are not exported.</summary>
    public OtlpTarget? Traces { get; init; }

    /// <summary>Null when metrics are not exported.</summary>
    public OtlpTarget? Metrics { get; init; }

    /// <summary>What describes this process in everything that it exports.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Resource { get; init; } = [];

    public TraceSampler Sampler { get; init; } = TraceSampler.Default;

    public TimeSpan MetricInterval { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan SpanDelay { get; init; } = TimeSpan.FromSeconds(5);

    public int MaxQueuedSpans { get; init; } = 2_048;

    public int MaxSpansPerBatch { get; init; } = 512;
}
