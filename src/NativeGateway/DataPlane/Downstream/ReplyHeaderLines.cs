using System.Buffers.Text;
using System.Text;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>Takes the headers of a response, one by one. Names and values are ASCII.</summary>
internal interface IHeaderLines
{
    void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}

/// <summary>Says the facts of a reply as HTTP headers.</summary>
internal static class ReplyHeaderLines
{
    public static void Write<T>(in ResponseHead head, ref T lines)
        where T : IHeaderLines
    {
        Span<byte> number = stackalloc byte[RequestNumber.Length];
        head.Number.Format(number);
        lines.Add("X-Request-Id"u8, number);
        switch (head.Content)
        {
            case ResponseContent.Json:
                lines.Add("Content-Type"u8, "application/json"u8);
                break;
            case ResponseContent.EventStream:
                lines.Add("Content-Type"u8, "text/event-stream"u8);
                lines.Add("Cache-Control"u8, "no-cache"u8);
                lines.Add("X-Accel-Buffering"u8, "no"u8);
                break;
            default:
                break;
        }

        WriteFacts(head.Headers, ref lines);
    }

    private static void WriteFacts<T>(ReplyHeaders headers, ref T lines)
        where T : IHeaderLines
    {
        if (headers.Limits is { Limit: > 0 } limits)
        {
            Add(ref lines, "X-RateLimit-Limit"u8, limits.Limit);
            Add(ref lines, "X-RateLimit-Remaining"u8, limits.Remaining);
            Add(ref lines, "X-RateLimit-Reset"u8, limits.ResetSeconds);
        }

        if (headers.IssuedSession is { } session)
        {
            Add(ref lines, "Mcp-Session-Id"u8, session.Id);
        }

        if (headers.RetryAfter is { } delay)
        {
            Add(ref lines, "Retry-After"u8, Math.Max(1, (long)Math.Ceiling(delay.TotalSeconds)));
        }

        if (headers.ChallengesCredentials)
        {
            lines.Add("WWW-Authenticate"u8, "Bearer realm=\"native-gateway\", error=\"invalid_token\""u8);
        }

        if (headers.Allow is { } allow)
        {
            Add(ref lines, "Allow"u8, allow);
        }
    }

    private static void Add<T>(ref T lines, ReadOnlySpan<byte> name, long value)
        where T : IHeaderLines
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, digits, out var length);
        lines.Add(name, digits[..length]);
    }

    private static void Add<T>(ref T lines, ReadOnlySpan<byte> name, string value)
        where T : IHeaderLines
    {
        Span<byte> bytes = stackalloc byte[256];
        lines.Add(name, bytes[..Encoding.ASCII.GetBytes(value, bytes)]);
    }
}
