using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Protocol;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>What an operation answers with: content, nothing, or a problem.</summary>
internal sealed record AdminAnswer(int Status, ReadOnlyMemory<byte> Content)
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JsonText.Encoder };

    public static readonly AdminAnswer Nothing = new(StatusCodes.Status204NoContent, default);

    public Problem? Problem { get; private init; }

    public string ContentType { get; init; } = "application/json";

    public string? ETag { get; init; }

    /// <summary>Below <see cref="AdminApi.Root"/>.</summary>
    public string? Location { get; init; }

    /// <summary>The session that the client has from now on, or not any more; null to leave it as it is.</summary>
    public SessionCookie? Cookie { get; init; }

    /// <summary>Whose account was tried in vain, for the audit log.</summary>
    public AuditedUser? Account { get; init; }

    /// <summary>The answer to a repeated creation.</summary>
    public bool IsReplayed { get; init; }

    /// <summary>Writes content whose size nobody knows, while it is sent; null for all other answers.</summary>
    public Func<PipeWriter, Task>? WriteAsync { get; private init; }

    /// <summary>What a browser saves the content as; null for content to look at.</summary>
    public string? FileName { get; private init; }

    public static AdminAnswer OfStream(Func<PipeWriter, Task> write, string contentType, string fileName) =>
        new(StatusCodes.Status200OK, default) { WriteAsync = write, ContentType = contentType, FileName = fileName };

    public static AdminAnswer Of(Action<Utf8JsonWriter> write) => new(StatusCodes.Status200OK, Write(write));

    public static AdminAnswer Of(Problem problem) => new(problem.Status, default) { Problem = problem };

    public static AdminAnswer Of(Refusal refusal) => Of(Admin.Problem.Of(refusal));

    /// <summary>One JSON object.</summary>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Json))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
