using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// Lists in pages: <c>?limit=</c> items after <c>?cursor=</c>, in an order that later additions do not disturb. A cursor holds the place of the
/// last item seen, so it stays good whatever is added or deleted meanwhile.
/// </summary>
internal static class Page
{
    private const int DefaultLimit = 50;
    private const int MostPerPage = 200;
    private const int LongestCursor = 1024;

    /// <param name="place">Where an item stands in the order; different for every item.</param>
    public static AdminAnswer Answer<T>(AdminRequest request, IEnumerable<T> items, Func<T, string> place, Action<Utf8JsonWriter, T> write)
    {
        var faults = new List<ConfigFault>();
        var (limit, after) = Read(request, faults);
        if (faults.Count > 0)
        {
            return AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", faults));
        }

        var page = items.Select(item => new { Place = place(item), Item = item })
            .Where(entry => after is null || string.CompareOrdinal(entry.Place, after) > 0)
            .OrderBy(entry => entry.Place, StringComparer.Ordinal)
            .Take(limit + 1)
            .Select(entry => entry.Item)
            .ToList();
        return Answer(page, limit, place, write);
    }

    /// <summary>What is asked for: how many items, and the place of the last one that was seen, null at the beginning.</summary>
    public static (int Limit, string? After) Read(AdminRequest request, List<ConfigFault> faults) =>
        (ReadLimit(request.Parameter("limit"), faults), ReadCursor(request.Parameter("cursor"), faults));

    /// <param name="found">In their order; one more than <paramref name="limit"/> when there are more.</param>
    public static AdminAnswer Answer<T>(IReadOnlyList<T> found, int limit, Func<T, string> place, Action<Utf8JsonWriter, T> write) => AdminAnswer.Of(json =>
    {
        json.WriteItems(found.Take(limit), write);
        if (found.Count > limit)
        {
            json.WriteString("nextCursor", Base64Url.EncodeToString(Encoding.UTF8.GetBytes(place(found[limit - 1]))));
        }
    });

    /// <summary>A list that grows at its beginning, by the ids of its items.</summary>
    /// <param name="read">Items with ids below the given one, newest first, at most so many.</param>
    public static async Task<AdminAnswer> AnswerNewestAsync<T>(
        AdminRequest request, Func<long, int, Task<IReadOnlyList<T>>> read, Func<T, long> id, Action<Utf8JsonWriter, T> write)
    {
        var faults = new List<ConfigFault>();
        var limit = ReadLimit(request.Parameter("limit"), faults);
        var before = ReadNumber(request.Parameter("cursor"), faults);
        if (faults.Count > 0)
        {
            return AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", faults));
        }

        var items = await read(before, limit + 1);
        return AdminAnswer.Of(json =>
        {
            json.WriteItems(items.Take(limit), write);
            if (items.Count > limit)
            {
                json.WriteString("nextCursor", id(items[limit - 1]).ToString(CultureInfo.InvariantCulture));
            }
        });
    }

    /// <summary>A cursor that is an id: what comes next has smaller ones.</summary>
    public static long ReadNumber(string? cursor, List<ConfigFault> faults)
    {
        if (cursor is null)
        {
            return long.MaxValue;
        }

        if (long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return id;
        }

        faults.Add(new ConfigFault("cursor", "is none that this list gave; begin without one"));
        return 0;
    }

    public static int ReadLimit(string? text, List<ConfigFault> faults)
    {
        if (text is null)
        {
            return DefaultLimit;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MostPerPage)
        {
            return limit;
        }

        faults.Add(new ConfigFault("limit", $"must be a whole number from 1 to {MostPerPage}"));
        return DefaultLimit;
    }

    private static string? ReadCursor(string? text, List<ConfigFault> faults)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length is > 0 and <= LongestCursor && Base64Url.IsValid(text) && Decode(text) is { } place)
        {
            return place;
        }

        faults.Add(new ConfigFault("cursor", "is none that this list gave; begin without one"));
        return null;
    }

    private static string? Decode(string text)
    {
        var bytes = Base64Url.DecodeFromChars(text);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }
}
