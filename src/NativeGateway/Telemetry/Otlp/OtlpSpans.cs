namespace NativeGateway.Telemetry.Otlp;

/// <summary>
/// Spans as an <c>ExportTraceServiceRequest</c> (opentelemetry/proto/trace/v1). Names and attributes follow the semantic conventions for MCP and RPC;
/// what these do not know begins with <c>mcp_gateway.</c>.
/// </summary>
internal static class OtlpSpans
{
    private const int ServerKind = 2, ClientKind = 3;
    private const int ErrorStatus = 2;

    /// <summary>The context's flags: sampled, and (bit 9) it is known whether the parent is remote (bit 10).</summary>
    private const uint Sampled = 0x1, KnowsRemote = 0x100, IsRemote = 0x200;

    /// <summary>All members of the request.</summary>
    public static void Write(ProtobufWriter writer, IReadOnlyList<KeyValuePair<string, string>> resource, IReadOnlyList<SpanRecord> spans) =>
        OtlpResource.Write(writer, resource, scope =>
        {
            foreach (var span in spans)
            {
                WriteWhole(scope, span);
                if (span.UpstreamBegan != 0)
                {
                    WriteUpstream(scope, span);
                }
            }
        });

    private static void WriteWhole(ProtobufWriter writer, in SpanRecord span)
    {
        var context = span.Context;
        var message = Begin(writer, span, context.Id, context.Parent, ServerKind, span.Began, span.Ended, IsRemote);
        OtlpResource.Attribute(writer, 9, "http.response.status_code", span.Status);
        OtlpResource.Attribute(writer, 9, "mcp.protocol.version", span.Revision);
        OtlpResource.Attribute(writer, 9, "mcp_gateway.request_id", span.RequestId);
        OtlpResource.Attribute(writer, 9, "mcp_gateway.outcome", span.Outcome);
        End(writer, span, message);
    }

    private static void WriteUpstream(ProtobufWriter writer, in SpanRecord span) =>
        End(writer, span, Begin(writer, span, span.Context.UpstreamId, span.Context.Id, ClientKind, span.UpstreamBegan, span.UpstreamEnded, 0));

    private static int Begin(ProtobufWriter writer, in SpanRecord span, ulong id, ulong parent, int kind, long began, long ended, uint remote)
    {
        var message = writer.Begin(2);
        writer.Id(1, span.Context.TraceHigh, span.Context.TraceLow);
        writer.Id(2, id);
        if (parent != 0)
        {
            writer.Id(4, parent);
        }

        writer.Text(5, NameOf(span));
        writer.Number(6, kind);
        writer.Fixed(7, (ulong)began);
        writer.Fixed(8, (ulong)ended);
        writer.Fixed32(16, Sampled | KnowsRemote | remote);
        OtlpResource.Attribute(writer, 9, "mcp.method.name", span.Method);
        if (span.Server.Length > 0)
        {
            OtlpResource.Attribute(writer, 9, "mcp_gateway.server", span.Server);
        }

        if (span.Name is { } name)
        {
            OtlpResource.Attribute(writer, 9, span.Method == "prompts/get" ? "gen_ai.prompt.name" : "gen_ai.tool.name", name);
        }

        return message;
    }

    private static void End(ProtobufWriter writer, in SpanRecord span, int message)
    {
        if (span.Code != 0)
        {
            OtlpResource.Attribute(writer, 9, "rpc.response.status_code", span.Code);
        }

        if (span.IsError)
        {
            OtlpResource.Attribute(writer, 9, "error.type", span.Outcome);
            var status = writer.Begin(15);
            writer.Number(3, ErrorStatus);
            writer.End(status);
        }

        writer.End(message);
    }

    private static string NameOf(in SpanRecord span) =>
        span.Name is { } name ? $"{span.Method} {System.Text.Encoding.UTF8.GetString(name)}" : span.Method;
}
