using System.Globalization;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Telemetry;
using NativeGateway.Telemetry.Otlp;

namespace NativeGateway.Hosting;

/// <summary>
/// The standard variables of OpenTelemetry (specification, "Environment Variable Specification", "Protocol Exporter"). They are set for whole
/// machines, so what this gateway cannot do is a warning, and the default counts. No value is ever repeated in one: it may be a secret.
/// </summary>
internal sealed class OtelVariables(IReadOnlyDictionary<string, string> environment, ConfigReading reading)
{
    private const string Exporter = "OTEL_EXPORTER_OTLP_";

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    private static readonly OtlpOptions Default = new();

    /// <summary>Null when nothing is to be exported.</summary>
    public static OtlpOptions? Read(IReadOnlyDictionary<string, string> environment, ConfigReading reading) => new OtelVariables(environment, reading).Read();

    private OtlpOptions? Read()
    {
        if (string.Equals(Text("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var (traces, metrics) = (ReadTarget("TRACES"), ReadTarget("METRICS"));
        if (traces is null && metrics is null)
        {
            return null;
        }

        var queue = Number("OTEL_BSP_MAX_QUEUE_SIZE", Default.MaxQueuedSpans);
        return new OtlpOptions
        {
            Traces = traces,
            Metrics = metrics,
            Resource = ReadResource(),
            Sampler = ReadSampler(),
            MetricInterval = Milliseconds("OTEL_METRIC_EXPORT_INTERVAL", Default.MetricInterval),
            SpanDelay = Milliseconds("OTEL_BSP_SCHEDULE_DELAY", Default.SpanDelay),
            MaxQueuedSpans = queue,
            MaxSpansPerBatch = Math.Min(queue, Number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", Default.MaxSpansPerBatch)),
        };
    }

    /// <summary>Where a signal goes: nowhere unless an address is given, or its exporter is named.</summary>
    private OtlpTarget? ReadTarget(string signal)
    {
        var exporter = Text($"OTEL_{signal}_EXPORTER");
        if (exporter is not (null or "otlp"))
        {
            WarnUnless(exporter == "none", $"OTEL_{signal}_EXPORTER", "may be otlp or none here; nothing is exported");
            return null;
        }

        var own = Text($"{Exporter}{signal}_ENDPOINT");
        var common = Text($"{Exporter}ENDPOINT");
        if (own is null && common is null && exporter is null)
        {
            return null;
        }

        var (name, text) = own is not null ? ($"{Exporter}{signal}_ENDPOINT", own) : ($"{Exporter}ENDPOINT", common ?? "http://localhost:4318");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https") || endpoint.UserInfo.Length > 0)
        {
            reading.Warn(name, "must be an http:// or https:// URL without user and password; nothing is exported");
            return null;
        }

        if (Specific(signal, "PROTOCOL") is { } protocol and not "http/protobuf")
        {
            reading.Warn($"{Exporter}PROTOCOL", protocol == "grpc"
                ? "may be http/protobuf here, on port 4318 of most collectors, and not grpc; nothing is exported"
                : "may be http/protobuf here, which is used");
            if (protocol == "grpc")
            {
                return null;
            }
        }

        WarnUnless(Specific(signal, "COMPRESSION") is null or "none", $"{Exporter}COMPRESSION", "may be none here; what is exported is not compressed");
        var url = own is not null ? endpoint : new Uri($"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v1/{signal.ToLowerInvariant()}");
        return new OtlpTarget(url, ReadHeaders(signal), ReadTimeout(signal));
    }

    private List<KeyValuePair<string, string>> ReadHeaders(string signal)
    {
        var headers = ReadPairs($"{Exporter}HEADERS", Specific(signal, "HEADERS"));
        if (headers.RemoveAll(header => header.Key.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.')) || header.Value.Any(char.IsControl)) > 0)
        {
            reading.Warn($"{Exporter}HEADERS", "holds a header with a name or value that cannot be sent; it is left out");
        }

        return headers;
    }

    private TimeSpan ReadTimeout(string signal) =>
        Text($"{Exporter}{signal}_TIMEOUT") is not null ? Milliseconds($"{Exporter}{signal}_TIMEOUT", DefaultTimeout) : Milliseconds($"{Exporter}TIMEOUT", DefaultTimeout);

    private List<KeyValuePair<string, string>> ReadResource()
    {
        var resource = ReadPairs("OTEL_RESOURCE_ATTRIBUTES", Text("OTEL_RESOURCE_ATTRIBUTES"));
        Set("service.name", Text("OTEL_SERVICE_NAME"), "native-gateway");
        Set("service.version", null, BuildInfo.Version);
        Set("service.instance.id", null, Guid.NewGuid().ToString());
        return resource;

        void Set(string name, string? value, string otherwise)
        {
            if (value is not null)
            {
                resource.RemoveAll(pair => pair.Key == name);
            }
            else if (resource.Exists(pair => pair.Key == name))
            {
                return;
            }

            resource.Add(new(name, value ?? otherwise));
        }
    }

    private TraceSampler ReadSampler()
    {
        var share = 1.0;
        var name = Text("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";
        var followsParent = name.StartsWith("parentbased_", StringComparison.Ordinal);
        switch (followsParent ? name["parentbased_".Length..] : name)
        {
            case "always_on":
                return new TraceSampler(1, followsParent);
            case "always_off":
                return new TraceSampler(0, followsParent);
            case "traceidratio":
                if (Text("OTEL_TRACES_SAMPLER_ARG") is { } text
                    && !(double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out share) && share is >= 0 and <= 1))
                {
                    reading.Warn("OTEL_TRACES_SAMPLER_ARG", "must be a number from 0 to 1; 1 is used");
                    share = 1;
                }

                return new TraceSampler(share, followsParent);
            default:
                reading.Warn("OTEL_TRACES_SAMPLER", "may be always_on, always_off or traceidratio here, or one of them behind parentbased_; parentbased_always_on is used");
                return TraceSampler.Default;
        }
    }

    /// <summary><c>name=value</c> with commas between them, percent-encoded (W3C Baggage without its properties).</summary>
    private List<KeyValuePair<string, string>> ReadPairs(string variable, string? text)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                pairs.Add(new(Uri.UnescapeDataString(part[..equals].Trim()), Uri.UnescapeDataString(part[(equals + 1)..].Trim())));
            }
            else
            {
                reading.Warn(variable, "must be name=value, with commas between several; a part that is not is left out");
            }
        }

        return pairs;
    }

    private TimeSpan Milliseconds(string name, TimeSpan otherwise) => TimeSpan.FromMilliseconds(Number(name, (int)otherwise.TotalMilliseconds));

    private int Number(string name, int otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 3_600_000)
        {
            return number;
        }

        reading.Warn(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from 1 to 3600000; {otherwise} is used"));
        return otherwise;
    }

    private void WarnUnless(bool isFine, string name, string problem)
    {
        if (!isFine)
        {
            reading.Warn(name, problem);
        }
    }

    private string? Specific(string signal, string what) => Text($"{Exporter}{signal}_{what}") ?? Text($"{Exporter}{what}");

    private string? Text(string name) => environment.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
}
