using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

/// <summary>One operation of the description of the API.</summary>
internal sealed record FuzzOperation(string Method, string Template, JsonElement Description);

/// <summary>A request as it is sent; <see cref="ToString"/> is enough to repeat it.</summary>
internal sealed record FuzzRequest(string Method, string Path, byte[]? Body, string? MediaType, (string Name, string Value)[] Headers)
{
    public HttpContent? ToContent()
    {
        if (Body is null)
        {
            return null;
        }

        var content = new ByteArrayContent(Body);
        content.Headers.ContentType = MediaType is null ? null : MediaTypeHeaderValue.Parse(MediaType);
        return content;
    }

    public override string ToString() =>
        $"{Method} {Path}\n{MediaType} {string.Join(' ', Headers)}\n{(Body is null ? "" : Encoding.UTF8.GetString(Body))}";
}

/// <summary>
/// Makes requests out of the OpenAPI document, so that a route is tried as soon as it is described: half of what it sends is well-formed and
/// reaches deep, the rest is wrong in type, size, nesting, encoding, media type or query.
/// </summary>
internal sealed class AdminFuzzer(JsonElement document, Random random, string[] ids, string[] cursors)
{
    /// <summary>Raw JSON of every kind, and text that is read as something by somebody.</summary>
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1e999", "-0.0", "0.1", "99999999999999999999999999", "1e-400", "9223372036854775808", "2147483648", "\"\"", "\"x\"", "\" x \"",
        "\"\\u0007\"", "\"\\ud800\"", "\"\\u0000\"", "\"*\"", "\"😀\"", "\"\\u202e\"", "\"2027-01-01\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59-14:00\"", "[]",
        "[null]", "[[]]", "[1,\"a\",{}]", "{}", "{\"a\":null}", "{\"\":\"\"}", "{\"allow\":{}}", "{\"requestsPerMinute\":1e3,\"burst\":null}", "\"http://[::1\"", "\"https://ex ample\"",
        "\"//\"", "\"${HOME}\"", "\"'; DROP TABLE api_keys; --\"", "\"%s%n\"", "\"=1+1\"", "\"../../etc/passwd\"", "\"a@b.example\"", "\"PT1S\"", "\"-5s\"", "\"99999999999d\"",
        "\"0.0.0.0/0\"", "\"::/129\"", $"\"{new string('a', 5000)}\"", $"[{string.Join(',', Enumerable.Repeat("1", 3000))}]",
    ];

    private static readonly string[] MediaTypes =
        ["text/plain", "text/csv", "application/xml", "application/json; charset=utf-16", "application/merge-patch+json", "multipart/form-data; boundary=x", "application/*"];

    private const int DeepestSchema = 6;

    public IReadOnlyList<FuzzOperation> Operations { get; } =
    [
        .. document.GetProperty("paths").EnumerateObject().SelectMany(
            path => path.Value.EnumerateObject().Select(operation => new FuzzOperation(operation.Name.ToUpperInvariant(), path.Name, operation.Value))),
    ];

    public FuzzRequest Next(FuzzOperation operation)
    {
        var path = string.Join('/', operation.Template.Split('/').Select(part => part.StartsWith('{') ? Uri.EscapeDataString(Pick(ids)) : part));
        (byte[]? body, string? mediaType) = (null, null);
        if (operation.Description.TryGetProperty("requestBody", out var described))
        {
            (body, mediaType) = NextBody(described);
        }
        else if (OneIn(20))
        {
            (body, mediaType) = ("{"u8.ToArray(), "application/json");
        }

        return new FuzzRequest(OneIn(40) ? "PUT" : operation.Method, path + NextQuery(operation), body, mediaType, NextHeaders());
    }

    private string NextQuery(FuzzOperation operation)
    {
        var parts = new List<string>();
        foreach (var parameter in ParametersOf(operation).Where(parameter => parameter.GetProperty("in").ValueEquals("query") && OneIn(3)))
        {
            var name = parameter.GetProperty("name").GetString()!;
            parts.Add($"{name}={NextParameter(name, parameter.GetProperty("schema"))}");
        }

        if (OneIn(12))
        {
            parts.Add(Pick("limit=1&limit=2", "cursor=%ff", "%00=1", "=", "&&", "unknown=1", "limit=%EF%BC%91", "cursor=" + new string('A', 3000), "[]=1", "from=now&to=never"));
        }

        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private string NextParameter(string name, JsonElement schema)
    {
        var value = name switch
        {
            "cursor" => Pick(cursors),
            _ when OneIn(4) => JsonDocument.Parse(Pick(Values.Where(one => !one.Contains("\\ud800", StringComparison.Ordinal)).ToArray())).RootElement.ToString(),
            _ => ValueOf(schema, 0).Trim('"'),
        };
        return Uri.EscapeDataString(value);
    }

    private (byte[] Body, string? MediaType) NextBody(JsonElement described)
    {
        var contents = described.GetProperty("content").EnumerateObject().ToArray();
        var content = Pick(contents);
        var text = content.Name == "text/csv" ? NextTable() : ValueOf(content.Value.GetProperty("schema"), 0);
        var bytes = Encoding.UTF8.GetBytes(text);
        return (OneIn(6) ? Damaged(bytes, text) : bytes, OneIn(15) ? Pick(MediaTypes) : OneIn(40) ? null : content.Name);
    }

    private string NextTable() => Pick(
        "name,url\r\na,https://a.invalid/mcp\r\n", "name\r\n", "\"", "name,name\r\na,b\r\n", "name,url\r\n\"a\"\"b\",\"x\r\ny\"\r\n", "\r\n\r\n", "name,headers\r\na,{}\r\n", "name;url\na;b");

    private byte[] Damaged(byte[] bytes, string text) => random.Next(10) switch
    {
        0 => bytes[..random.Next(bytes.Length)],
        1 => [.. bytes[..(bytes.Length / 2)], 0xff, .. bytes[(bytes.Length / 2)..]],
        2 => [0xef, 0xbb, 0xbf, .. bytes],
        3 => Encoding.Unicode.GetBytes(text),
        4 => Encoding.UTF8.GetBytes($"{new string('[', 5000)}{new string(']', 5000)}"),
        5 => Encoding.UTF8.GetBytes($"{string.Concat(Enumerable.Repeat("{\"name\":", 60))}1{new string('}', 60)}"),
        6 => Encoding.UTF8.GetBytes($"[{text}]"),
        7 => Encoding.UTF8.GetBytes($"{{\"name\":\"{new string('x', 300_000)}\"}}"),
        8 => [.. bytes, 0],
        _ => Encoding.UTF8.GetBytes(Pick(Values)),
    };

    private (string Name, string Value)[] NextHeaders() => random.Next(6) switch
    {
        0 => [("If-Match", Pick("*", "\"v1\"", "W/\"v1\"", "", ",,", "x", "\"v99999999999999999999\""))],
        1 => [("If-Match", "*"), ("Idempotency-Key", Pick("a", "b", "", new string('k', 400)))],
        2 => [("If-Match", "*"), ("X-Request-Id", Pick("x", new string('r', 2000))), ("Accept", Pick("text/html", "*/*;q=0", "x"))],
        3 => [],
        _ => [("If-Match", "*")],
    };

    private IEnumerable<JsonElement> ParametersOf(FuzzOperation operation) =>
        operation.Description.TryGetProperty("parameters", out var list) ? list.EnumerateArray().Select(Resolved) : [];

    /// <summary>Raw JSON that is what the schema says, mostly.</summary>
    private string ValueOf(JsonElement schema, int depth)
    {
        schema = Resolved(schema);
        if ((depth > 0 && OneIn(6)) || depth > DeepestSchema)
        {
            return Pick(Values);
        }

        if (schema.TryGetProperty("enum", out var choices))
        {
            return Pick(choices.EnumerateArray().ToArray()).GetRawText();
        }

        foreach (var combination in (string[])["oneOf", "anyOf", "allOf"])
        {
            if (schema.TryGetProperty(combination, out var parts))
            {
                return ValueOf(Pick(parts.EnumerateArray().ToArray()), depth + 1);
            }
        }

        return TypeOf(schema) switch
        {
            "object" => ObjectOf(schema, depth),
            "array" => $"[{string.Join(',', Enumerable.Range(0, random.Next(3)).Select(_ => schema.TryGetProperty("items", out var items) ? ValueOf(items, depth + 1) : "1"))}]",
            "integer" => Pick("0", "1", "7", "60", "1000", "1000000000000"),
            "number" => Pick("0", "0.5", "12.25", "1e9"),
            "boolean" => Pick("true", "false"),
            "string" => TextOf(schema),
            _ => Pick(Values),
        };
    }

    private string ObjectOf(JsonElement schema, int depth)
    {
        var members = new List<string>();
        if (schema.TryGetProperty("properties", out var properties))
        {
            var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet() : [];
            foreach (var property in properties.EnumerateObject().Where(property => required.Contains(property.Name) ? !OneIn(12) : OneIn(4)))
            {
                members.Add($"\"{property.Name}\":{(property.Name == "name" && !OneIn(5) ? $"\"n{random.Next(100_000)}\"" : ValueOf(property.Value, depth + 1))}");
            }
        }

        if (schema.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.Object)
        {
            members.Add($"{Pick("\"a\"", "\"X-A\"", "\"\"", "\"KEY\"", "\"a/b~c\"")}:{ValueOf(more, depth + 1)}");
        }

        if (members.Count > 0 && OneIn(15))
        {
            members.Add(Pick(members.ToArray()));
        }

        if (OneIn(15))
        {
            members.Add(Pick("\"nmae\":1", "\"__proto__\":{}", "\"id\":\"x\"", "\"\":0", $"\"{new string('m', 2000)}\":0"));
        }

        return $"{{{string.Join(',', members)}}}";
    }

    private string TextOf(JsonElement schema)
    {
        var format = schema.TryGetProperty("format", out var given) ? given.GetString() : null;
        return format switch
        {
            "uuid" => JsonSerializer.Serialize(Pick(ids)),
            "uri" => Pick("\"https://a.invalid/mcp\"", "\"https://127.0.0.1/\"", "\"https://b.invalid\""),
            "date-time" => Pick("\"2026-11-30T00:00:00Z\"", "\"2030-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\""),
            _ => Pick("\"a\"", "\"text\"", "\"get_*\"", "\"10.0.0.0/8\"", "\"30s\"", "\"mcp\"", JsonSerializer.Serialize(Pick(ids))),
        };
    }

    private string TypeOf(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type))
        {
            return schema.TryGetProperty("properties", out _) ? "object" : "";
        }

        return (type.ValueKind == JsonValueKind.Array ? Pick(type.EnumerateArray().ToArray()) : type).GetString()!;
    }

    private JsonElement Resolved(JsonElement element)
    {
        while (element.TryGetProperty("$ref", out var reference))
        {
            element = reference.GetString()!.Split('/').Skip(1).Aggregate(document, (place, step) => place.GetProperty(step));
        }

        return element;
    }

    private bool OneIn(int count) => random.Next(count) == 0;

    private T Pick<T>(params T[] choices) => choices[random.Next(choices.Length)];
}
