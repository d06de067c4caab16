using System.Text;
using NativeGateway.Shared;
using NativeGateway.Telemetry;
using NativeGateway.Telemetry.Otlp;

namespace NativeGateway.Tests.Telemetry;

/// <summary>What is written, read without the writer's code.</summary>
public class OtlpWritingTests
{
    private readonly ProtobufWriter _writer = new();

    [Fact]
    public void Nested_messages_of_any_size_are_read_back()
    {
        var text = new string('é', 100_000);
        var outer = _writer.Begin(1);
        _writer.Number(2, long.MaxValue);
        var inner = _writer.Begin(3);
        _writer.Text(4, text);
        _writer.Fixed32(16, 0x301);
        _writer.End(inner);
        _writer.Double(5, -1.5);
        _writer.Id(6, 1, 2);
        _writer.Counts(7, [1, 2, 3]);
        _writer.End(outer);

        var read = new ProtobufFields(_writer.Written.Span).Message(1);

        Assert.Equal((ulong)long.MaxValue, read.Number(2));
        Assert.Equal((text, 0x301uL), (read.Message(3).Text(4), read.Message(3).Number(16)));
        Assert.Equal(-1.5, read.Double(5));
        Assert.Equal("00000000000000010000000000000002", read.Hex(6));
        Assert.Equal([1uL, 2, 3], read.Packed(7));
    }

    [Fact]
    public void Labels_become_attributes_and_a_family_ends_where_the_next_begins()
    {
        var metrics = new OtlpMetrics(_writer, 1, 2);
        metrics.Begin("counted_total", MetricKind.Counter, "What is counted.");
        metrics.Sample("server=\"a-b\",method=\"ping\"", 3);
        metrics.Sample("", 4);
        metrics.Histogram("duration_seconds", "How long.", [0.1, 1], [1, 2, 3], 4.5);
        metrics.Begin("level", MetricKind.Gauge, null);
        metrics.Sample("", 5);
        metrics.End();

        var read = new ProtobufFields(_writer.Written.Span).Messages(2);

        Assert.Equal(["counted_total", "duration_seconds", "level"], read.Select(metric => metric.Text(1)));
        var points = read[0].Message(7).Messages(1);
        Assert.Equal(
            [("server", "a-b"), ("method", "ping")], points[0].Messages(7).Select(attribute => (attribute.Text(1), attribute.Message(2).Text(1))));
        Assert.Equal([3.0, 4.0], points.Select(point => point.Double(4)));
        Assert.Equal((1uL, 2uL), (points[0].Number(2), points[0].Number(3)));
        var histogram = read[1].Message(9).Message(1);
        Assert.Equal((6uL, 4.5), (histogram.Number(4), histogram.Double(5)));
        Assert.Equal([1uL, 2, 3], histogram.Packed(6));
        Assert.Equal(5, read[2].Message(5).Message(1).Double(4));
    }

    [Fact]
    public void A_request_that_reached_no_upstream_is_one_span_and_an_error_says_so()
    {
        var span = new SpanRecord
        {
            Context = new SpanContext { TraceHigh = 1, TraceLow = 2, Id = 3, UpstreamId = 4 },
            Method = "prompts/get", Name = Encoding.UTF8.GetBytes("größe"), Server = "files", Outcome = "forbidden", IsError = true, Status = 403, Code = -32011,
            RequestId = "0123456789abcdef", Revision = "2025-11-25", Began = 1, Ended = 2, UpstreamBegan = 0, UpstreamEnded = 0,
        };
        OtlpSpans.Write(_writer, [new("service.name", "x")], [span]);

        var read = Assert.Single(new ProtobufFields(_writer.Written.Span).Message(1).Message(2).Messages(2));

        Assert.Equal(("prompts/get größe", "0000000000000003", ""), (read.Text(5), read.Hex(2), read.Hex(4)));
        Assert.Equal(2uL, read.Message(15).Number(3));
        var attributes = read.Messages(9).ToDictionary(attribute => attribute.Text(1), attribute => attribute.Message(2));
        Assert.Equal(("größe", "forbidden"), (attributes["gen_ai.prompt.name"].Text(1), attributes["error.type"].Text(1)));
        Assert.Equal((403, -32011), ((int)attributes["http.response.status_code"].Number(3), (int)(long)attributes["rpc.response.status_code"].Number(3)));
    }
}
