using System.Globalization;
using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>The parts that representations are made of; the command line shows the same ones.</summary>
internal static class JsonParts
{
    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    /// <summary>The objects of a list.</summary>
    public static void WriteItems<T>(this Utf8JsonWriter json, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray("items");
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>In UTC and whole seconds; null for none.</summary>
    public static void WriteTime(this Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        json.WriteString(name, time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
    }

    public static void WriteGlobs(this Utf8JsonWriter json, string name, GlobRule rule)
    {
        json.WriteStartObject(name);
        json.WriteTexts("allow", rule.Allow);
        json.WriteTexts("deny", rule.Deny);
        json.WriteEndObject();
    }

    /// <summary>Only what it sets.</summary>
    public static void WriteQuotas(this Utf8JsonWriter json, string name, QuotaConfig quotas)
    {
        json.WriteStartObject(name);
        WriteAmount(json, "dailyCalls", quotas.DailyCalls);
        WriteAmount(json, "monthlyCalls", quotas.MonthlyCalls);
        WriteAmount(json, "monthlySpend", quotas.MonthlySpend);
        if (quotas.IsSoft is { } isSoft)
        {
            json.WriteString("mode", isSoft ? "soft" : "hard");
        }

        json.WriteEndObject();
    }

    private static void WriteAmount(Utf8JsonWriter json, string name, decimal? amount)
    {
        if (amount is { } value)
        {
            json.WriteNumber(name, value);
        }
    }

    /// <summary>Left out when there is none.</summary>
    public static void WriteLimit(this Utf8JsonWriter json, string name, LimitConfig? limit)
    {
        if (limit is not null)
        {
            json.WriteStartObject(name);
            json.WriteNumber("requestsPerMinute", limit.RequestsPerMinute);
            json.WriteNumber("burst", limit.Burst);
            json.WriteEndObject();
        }
    }
}
