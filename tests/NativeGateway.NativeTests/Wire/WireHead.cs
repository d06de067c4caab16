namespace NativeGateway.NativeTests.Wire;

/// <summary>A request line or status line with its headers, in the order in which they came.</summary>
internal sealed record WireHead(string StartLine, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    public bool IsChunked => this["Transfer-Encoding"] == "chunked";

    /// <summary>The value of a header, several joined by a comma; null when there is none of that name.</summary>
    public string? this[string name]
    {
        get
        {
            var values = Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).ToArray();
            return values.Length == 0 ? null : string.Join(",", values);
        }
    }
}
