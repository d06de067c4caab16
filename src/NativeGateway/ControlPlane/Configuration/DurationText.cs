using System.Globalization;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Durations as people write them: a number and its unit, <c>500ms</c>, <c>30s</c>, <c>2m</c>, <c>1h</c>, <c>7d</c>.</summary>
internal static class DurationText
{
    public const string Form = "a number with a unit, such as \"500ms\", \"30s\", \"2m\", \"1h\" or \"7d\"";

    public static TimeSpan? Parse(string text)
    {
        var digits = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyz");
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        double? seconds = text.AsSpan(digits.Length) switch
        {
            "ms" => number / 1000,
            "s" => number,
            "m" => number * 60,
            "h" => number * 3600,
            "d" => number * 86400,
            _ => null,
        };
        return seconds is <= 1e9 ? TimeSpan.FromSeconds(seconds.Value) : null;
    }
}
