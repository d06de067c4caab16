using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>One server-sent event as it came; absent fields are null.</summary>
internal sealed record ReceivedEvent(string? Type, string? Id, string Data, string? Retry);

/// <summary>An event stream that a test reads event by event, and drops where it likes.</summary>
internal sealed class EventStream(HttpResponseMessage response, Stream body) : IDisposable
{
    private readonly StreamReader _lines = new(body);

    /// <summary>The next event with data or an id; null at the end of the stream.</summary>
    public async Task<ReceivedEvent?> NextAsync()
    {
        var fields = new Dictionary<string, string>();
        while (await _lines.ReadLineAsync().WaitAsync(TestTime.Limit) is { } line)
        {
            if (line.Length > 0)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                fields[line[..colon]] = line[(colon + 1)..].TrimStart(' ');
            }
            else if (fields.ContainsKey("data") || fields.ContainsKey("id"))
            {
                return new ReceivedEvent(fields.GetValueOrDefault("event"), fields.GetValueOrDefault("id"), fields.GetValueOrDefault("data", ""), fields.GetValueOrDefault("retry"));
            }
            else
            {
                fields.Clear();
            }
        }

        return null;
    }

    /// <summary>The data of the next event that has any.</summary>
    public async Task<string> NextMessageAsync()
    {
        while (true)
        {
            var next = await NextAsync();
            Assert.NotNull(next);
            if (next.Data.Length > 0)
            {
                return next.Data;
            }
        }
    }

    public async Task<IReadOnlyList<ReceivedEvent>> ReadToEndAsync()
    {
        var events = new List<ReceivedEvent>();
        while (await NextAsync() is { } next)
        {
            events.Add(next);
        }

        return events;
    }

    /// <summary>Drops the connection.</summary>
    public void Dispose()
    {
        response.Dispose();
        _lines.Dispose();
    }
}
