using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Hosting;
using NativeGateway.Telemetry.Otlp;

namespace NativeGateway.Tests.Hosting;

public class OtelVariablesTests
{
    private readonly ConfigReading _reading = new(_ => null);

    [Theory]
    [InlineData()]
    [InlineData("OTEL_SERVICE_NAME=x", "OTEL_TRACES_SAMPLER=always_on")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_SDK_DISABLED=true")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_TRACES_EXPORTER=none", "OTEL_METRICS_EXPORTER=none")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=")]
    public void Without_an_address_or_when_switched_off_nothing_is_exported(params string[] variables)
    {
        Assert.Null(Read(variables));
        Assert.Empty(_reading.Warnings);
    }

    [Fact]
    public void Both_signals_go_below_the_common_address()
    {
        var options = Read("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318/base/", "OTEL_EXPORTER_OTLP_HEADERS=a=1, b=x%20y%2Cz", "OTEL_EXPORTER_OTLP_TIMEOUT=500")!;

        Assert.Equal("http://c:4318/base/v1/traces", options.Traces!.Endpoint.ToString());
        Assert.Equal("http://c:4318/base/v1/metrics", options.Metrics!.Endpoint.ToString());
        Assert.Equal([new("a", "1"), new("b", "x y,z")], options.Traces.Headers);
        Assert.Equal(TimeSpan.FromMilliseconds(500), options.Metrics.Timeout);
    }

    [Fact]
    public void A_signals_own_variables_count_before_the_common_ones()
    {
        var options = Read(
            "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://t/own", "OTEL_EXPORTER_OTLP_HEADERS=a=1",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS=a=2", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf", "OTEL_METRICS_EXPORTER=none")!;

        Assert.Equal("https://t/own", options.Traces!.Endpoint.ToString());
        Assert.Equal([new("a", "2")], options.Traces.Headers);
        Assert.Null(options.Metrics);
    }

    [Fact]
    public void An_exporter_that_is_named_has_a_default_address()
    {
        var options = Read("OTEL_TRACES_EXPORTER=otlp")!;

        Assert.Equal("http://localhost:4318/v1/traces", options.Traces!.Endpoint.ToString());
        Assert.Null(options.Metrics);
    }

    [Fact]
    public void The_resource_says_what_this_is()
    {
        var resource = Read("OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_RESOURCE_ATTRIBUTES=service.name=other,place=a%3Db", "OTEL_SERVICE_NAME=mine")!
            .Resource.ToDictionary(pair => pair.Key, pair => pair.Value);

        Assert.Equal(("mine", "a=b"), (resource["service.name"], resource["place"]));
        Assert.Equal(["place", "service.instance.id", "service.name", "service.version"], resource.Keys.Order());
        Assert.Contains(Read("OTEL_EXPORTER_OTLP_ENDPOINT=http://c")!.Resource, pair => pair is { Key: "service.name", Value: "native-gateway" });
    }

    [Theory]
    [InlineData("always_on", null, 1, false)]
    [InlineData("always_off", null, 0, false)]
    [InlineData("traceidratio", "0.25", 0.25, false)]
    [InlineData("parentbased_traceidratio", "0.5", 0.5, true)]
    [InlineData("parentbased_always_off", null, 0, true)]
    [InlineData("parentbased_always_on", "ignored", 1, true)]
    public void Samplers_are_those_of_the_specification(string name, string? argument, double share, bool followsParent)
    {
        var sampler = Read("OTEL_EXPORTER_OTLP_ENDPOINT=http://c", $"OTEL_TRACES_SAMPLER={name}", $"OTEL_TRACES_SAMPLER_ARG={argument}")!.Sampler;

        Assert.Equal((share, followsParent), (sampler.Share, sampler.FollowsParent));
        Assert.Empty(_reading.Warnings);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_PROTOCOL", false)]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_PROTOCOL", true)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://secret", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", true)]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS=secret", "OTEL_EXPORTER_OTLP_HEADERS", true)]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS=a=secret%0Ab", "OTEL_EXPORTER_OTLP_HEADERS", true)]
    [InlineData("OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_COMPRESSION", true)]
    [InlineData("OTEL_TRACES_SAMPLER=jaeger_remote", "OTEL_TRACES_SAMPLER", true)]
    [InlineData("OTEL_BSP_MAX_QUEUE_SIZE=0", "OTEL_BSP_MAX_QUEUE_SIZE", true)]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL=soon", "OTEL_METRIC_EXPORT_INTERVAL", true)]
    [InlineData("OTEL_METRICS_EXPORTER=prometheus", "OTEL_METRICS_EXPORTER", true)]
    public void What_cannot_be_done_is_a_warning_that_repeats_no_value(string variable, string name, bool exports)
    {
        Assert.Equal(exports, Read("OTEL_EXPORTER_OTLP_ENDPOINT=http://c", variable) is not null);

        Assert.Contains(_reading.Warnings, warning => warning.Where == name);
        Assert.DoesNotContain(_reading.Warnings, warning => warning.ToString().Contains("secret", StringComparison.Ordinal));
    }

    private OtlpOptions? Read(params string[] variables) =>
        OtelVariables.Read(variables.Select(one => one.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]), _reading);
}
