using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.DataPlane.Downstream;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>A request's body as read, or why it could not be. Exactly one of content and problem is meaningful.</summary>
internal readonly record struct AdminBody(JsonElement Json, string? Text, byte[] Digest, Problem? Problem)
{
    /// <summary>Of everything but bulk imports.</summary>
    private const int MaxBytes = 256 * 1024;

    private const int MaxTableBytes = 4 * 1024 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32 };

    public static async Task<AdminBody> ReadAsync(HttpRequest request, BodyKind kind)
    {
        if (kind == BodyKind.None)
        {
            return new AdminBody(default, null, [], null);
        }

        var type = request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
        var isText = kind == BodyKind.Table && type == "text/csv";
        if (!isText && type != "application/json" && !(kind == BodyKind.MergePatch && type == "application/merge-patch+json"))
        {
            return Refuse(Problem.UnsupportedMediaType(kind == BodyKind.Table ? "application/json or text/csv" : "application/json"));
        }

        var bytes = new ArrayBufferWriter<byte>();
        if (await ReadAsync(request, bytes, kind == BodyKind.Table ? MaxTableBytes : MaxBytes) is { } problem)
        {
            return Refuse(problem);
        }

        return Understand(request, bytes.WrittenMemory, isText);
    }

    private static async Task<Problem?> ReadAsync(HttpRequest request, ArrayBufferWriter<byte> bytes, int limit)
    {
        try
        {
            while (true)
            {
                var read = await request.BodyReader.ReadAsync(request.HttpContext.RequestAborted);
                if (bytes.WrittenCount + read.Buffer.Length > limit)
                {
                    request.BodyReader.AdvanceTo(read.Buffer.End);
                    return Problem.Of(new Model.GatewayError(Model.ErrorKind.TooLarge, $"The body has more than {limit} bytes."));
                }

                foreach (var part in read.Buffer)
                {
                    bytes.Write(part.Span);
                }

                request.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return null;
                }
            }
        }
        catch (IOException exception) when (!request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return Problem.Of(BrokenBodies.Explain(exception, limit));
        }
    }

    private static AdminBody Understand(HttpRequest request, ReadOnlyMemory<byte> bytes, bool isText)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes.Span))
        {
            return Refuse(Problem.Malformed("The body is not text in UTF-8."));
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}\n"));
        hash.AppendData(bytes.Span);
        var digest = hash.GetHashAndReset();
        if (isText)
        {
            return new AdminBody(default, Encoding.UTF8.GetString(bytes.Span), digest, null);
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            var faults = new List<ConfigFault>();
            CheckTexts(new ConfigNode(document.RootElement, "", ConfigReading.OfJson()), faults);
            return faults.Count > 0
                ? Refuse(Problem.Malformed("The body holds text that no program can agree on.", faults))
                : new AdminBody(document.RootElement.Clone(), null, digest, null);
        }
        catch (JsonException exception)
        {
            return Refuse(Problem.Malformed($"The body is not JSON: look at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}."));
        }
    }

    /// <summary>Finds what is JSON and yet cannot be kept as it is: names given twice, half characters, NUL.</summary>
    private static void CheckTexts(ConfigNode node, List<ConfigFault> faults)
    {
        switch (node.Element.ValueKind)
        {
            case JsonValueKind.String when ReadText(() => node.Element.GetString()!) is null:
                faults.Add(new ConfigFault(node.Path, "holds NUL or half of a surrogate pair; send whole characters"));
                break;
            case JsonValueKind.Array:
                node.Items()!.ForEach(item => CheckTexts(item, faults));
                break;
            case JsonValueKind.Object:
                CheckMembers(node, faults);
                break;
            default:
                break;
        }
    }

    private static void CheckMembers(ConfigNode node, List<ConfigFault> faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in node.Element.EnumerateObject())
        {
            if (ReadText(() => member.Name) is not { } name)
            {
                faults.Add(new ConfigFault(node.Path, "has a member whose name holds NUL or half of a surrogate pair"));
            }
            else if (!names.Add(name))
            {
                faults.Add(new ConfigFault(node.MemberPath(name), "stands here twice; keep one of the two"));
            }
            else
            {
                CheckTexts(new ConfigNode(member.Value, node.MemberPath(name), node.Reading), faults);
            }
        }
    }

    /// <summary>Null for what is no text: an escaped lone surrogate is valid JSON, and reading it fails.</summary>
    private static string? ReadText(Func<string> read)
    {
        try
        {
            return read() is var text && text.Contains('\0', StringComparison.Ordinal) ? null : text;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static AdminBody Refuse(Problem problem) => new(default, null, [], problem);
}
