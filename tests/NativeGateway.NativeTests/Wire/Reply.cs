using System.Globalization;
using System.Text;
using System.Text.Json;

namespace NativeGateway.NativeTests.Wire;

/// <summary>A whole HTTP answer.</summary>
internal sealed record Reply(WireHead Head, byte[] Body)
{
    public int Status { get; } = int.Parse(Head.StartLine.Split(' ')[1], CultureInfo.InvariantCulture);

    public string Text => Encoding.UTF8.GetString(Body);

    public bool IsEventStream => this["Content-Type"]?.StartsWith("text/event-stream", StringComparison.Ordinal) == true;

    public string? this[string header] => Head[header];

    /// <summary>The data of each event of an event stream; events without data only carry an id to resume from.</summary>
    public IReadOnlyList<string> Events => [.. Text.Split('\n')
        .Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line["data:".Length..].Trim()).Where(data => data.Length > 0)];

    /// <summary>The JSON-RPC message that ends the answer, be it a JSON body or the last event of a stream.</summary>
    public JsonElement Json => JsonDocument.Parse(IsEventStream ? Events[^1] : Text).RootElement;

    public JsonElement Result => Json.GetProperty("result");

    public int ErrorCode => Json.GetProperty("error").GetProperty("code").GetInt32();

    public override string ToString() => $"{Head.StartLine}\n{string.Join('\n', Head.Headers.Select(header => $"{header.Key}: {header.Value}"))}\n\n{Text}";
}
