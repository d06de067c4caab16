using System.Text;
using System.Text.Json;
using NativeGateway.NativeTests.Wire;

namespace NativeGateway.NativeTests.Upstreams;

/// <summary>What the gateway sent to an upstream.</summary>
internal sealed class UpstreamRequest
{
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;

    private readonly JsonElement _json;

    public UpstreamRequest(WireHead head, byte[] body)
    {
        (Head, Body) = (head, body);
        _json = body.Length == 0 ? default : JsonDocument.Parse(body).RootElement;
    }

    public WireHead Head { get; }

    public byte[] Body { get; }

    public string Text => Encoding.UTF8.GetString(Body);

    public string HttpMethod => Head.StartLine.Split(' ')[0];

    /// <summary>The JSON-RPC method; empty for a request without a body.</summary>
    public string Method => _json.ValueKind == JsonValueKind.Object && _json.TryGetProperty("method", out var method) ? method.GetString()! : "";

    /// <summary>The id as a raw token; null for a notification.</summary>
    public string? Id => _json.ValueKind == JsonValueKind.Object && _json.TryGetProperty("id", out var id) ? id.GetRawText() : null;

    /// <summary>The tool that a call names; null for anything else, also for a call that names none.</summary>
    public string? Tool => Method == "tools/call" && Params.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;

    public string Arguments => Params.TryGetProperty("arguments", out var arguments) ? arguments.GetRawText() : "{}";

    public JsonElement Params => _json.TryGetProperty("params", out var parameters) && parameters.ValueKind == JsonValueKind.Object ? parameters : Nothing;
}
