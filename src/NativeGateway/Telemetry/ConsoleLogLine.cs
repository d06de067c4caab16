using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry;

/// <summary>
/// Writes an entry as one line, whatever it holds: a value with a line break or a terminal sequence cannot pass for an entry of its own.
/// Of an exception the types and the stack are written, never the message, because messages of parsers and peers quote what was sent.
/// </summary>
internal static class ConsoleLogLine
{
    /// <summary>Longer texts are cut, so that a full queue has a bounded size.</summary>
    private const int LongestText = 8 * 1024;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static void Write(IBufferWriter<byte> writer, ConsoleLogFormat format, in ConsoleLogEntry entry)
    {
        if (format == ConsoleLogFormat.Json)
        {
            WriteJson(writer, entry);
        }
        else
        {
            WriteText(writer, entry);
        }

        writer.Write("\n"u8);
    }

    private static void WriteText(IBufferWriter<byte> writer, in ConsoleLogEntry entry)
    {
        var line = new StringBuilder(256);
        line.Append(entry.Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)).Append(' ').Append(ShortName(entry.Level)).Append(' ');
        line.Append(entry.Category);
        if (entry.Event.Id != 0)
        {
            line.Append('[').Append(entry.Event.Id).Append(entry.Event.Name is null ? "" : " ").Append(entry.Event.Name).Append(']');
        }

        line.Append(": ").Append(Cut(entry.Message));
        if (entry.Exception is not null)
        {
            line.Append(" | ").Append(Describe(entry.Exception)).Append(Stack(entry.Exception));
        }

        Encoding.UTF8.GetBytes(Escape(line.ToString()), writer);
    }

    private static void WriteJson(IBufferWriter<byte> writer, in ConsoleLogEntry entry)
    {
        using var json = new Utf8JsonWriter(writer, JsonOptions);
        json.WriteStartObject();
        json.WriteString("time"u8, entry.Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
        json.WriteString("level"u8, LongName(entry.Level));
        json.WriteString("category"u8, entry.Category);
        if (entry.Event.Id != 0)
        {
            json.WriteNumber("event"u8, entry.Event.Id);
            json.WriteString("name"u8, entry.Event.Name);
        }

        json.WriteString("message"u8, Plain(entry.Message));
        if (entry.Values is { Count: > 0 } values)
        {
            json.WriteStartObject("values"u8);
            foreach (var (name, value) in values)
            {
                if (name != "{OriginalFormat}")
                {
                    json.WritePropertyName(name);
                    WriteValue(json, value);
                }
            }

            json.WriteEndObject();
        }

        if (entry.Exception is not null)
        {
            json.WriteString("exception"u8, Describe(entry.Exception));
            json.WriteString("stack"u8, Stack(entry.Exception).TrimStart());
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case DateTimeOffset time:
                json.WriteStringValue(time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
                break;
            default:
                json.WriteStringValue(Plain(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
                break;
        }
    }

    private static string Describe(Exception exception)
    {
        var text = new StringBuilder();
        for (var current = exception; current is not null; current = current.InnerException)
        {
            text.Append(text.Length == 0 ? "" : " <- ").Append(current.GetType().Name);
            if (current is SocketException socket)
            {
                text.Append('(').Append(socket.SocketErrorCode).Append(')');
            }
        }

        return text.ToString();
    }

    private static string Stack(Exception exception)
    {
        var frames = (exception.StackTrace ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return frames.Length == 0 ? "" : " " + string.Join(' ', frames);
    }

    private static string Cut(string text) => text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, LongestText), "…");

    /// <summary>JSON escapes line breaks itself; what is left are characters that change how a terminal or viewer shows a line.</summary>
    private static string Plain(string text)
    {
        text = Cut(text);
        return text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 ? text : Escape(text);
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                _ when IsUnsafe(character) => escaped.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture)),
                _ => escaped.Append(character),
            };
        }

        return escaped.ToString();
    }

    private static bool IsUnsafe(char character) => char.GetUnicodeCategory(character)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static string ShortName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info ",
        LogLevel.Warning => "warn ",
        LogLevel.Error => "ERROR",
        _ => "FATAL",
    };

    private static string LongName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "information",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };
}
