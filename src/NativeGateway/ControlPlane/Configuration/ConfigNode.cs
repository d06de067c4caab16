using System.Globalization;
using System.Text.Json;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>
/// One value of a configuration document, or of a request, with its place in there. Each reader returns null when the value is not what is asked for, after it has
/// reported that; so a document is read to its end and all faults are told at once.
/// </summary>
internal readonly record struct ConfigNode(JsonElement Element, string Path, ConfigReading Reading)
{
    private const int LongestNameShown = 64;

    public void Fault(string message) => Reading.Fault(Path, message);

    public void Warn(string message) => Reading.Warn(Path, message);

    /// <summary>An object with exactly these members possible; a member that is null counts as absent.</summary>
    public Dictionary<string, ConfigNode>? Members(params string[] known)
    {
        if (Entries() is not { } entries)
        {
            return null;
        }

        var members = new Dictionary<string, ConfigNode>(StringComparer.Ordinal);
        foreach (var (name, node) in entries)
        {
            if (!known.Contains(name))
            {
                var near = NearestName.Find(name, known);
                Reading.Unknown(node.Path, near is null ? $"is not known here; known are {string.Join(", ", known)}" : $"is not known here; did you mean \"{near}\"?");
            }
            else if (node.Element.ValueKind != JsonValueKind.Null)
            {
                members.Add(name, node);
            }
        }

        return members;
    }

    /// <summary>An object with names of the writer's choice, in the order of the document.</summary>
    public List<(string Name, ConfigNode Node)>? Entries()
    {
        if (Element.ValueKind != JsonValueKind.Object)
        {
            Fault("must be an object { … }");
            return null;
        }

        var entries = new List<(string Name, ConfigNode Node)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in Element.EnumerateObject())
        {
            var node = new ConfigNode(property.Value, MemberPath(property.Name), Reading);
            if (seen.Add(property.Name))
            {
                entries.Add((property.Name, node));
            }
            else
            {
                node.Fault("stands here twice; keep one of the two");
            }
        }

        return entries;
    }

    public List<ConfigNode>? Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
        {
            Fault("must be a list [ … ]");
            return null;
        }

        var items = new List<ConfigNode>();
        foreach (var item in Element.EnumerateArray())
        {
            items.Add(new ConfigNode(item, ItemPath(items.Count), Reading));
        }

        return items;
    }

    /// <summary>A string, with its variables expanded.</summary>
    public string? Text()
    {
        if (Element.ValueKind != JsonValueKind.String)
        {
            Fault("must be a text in double quotes");
            return null;
        }

        var expanded = Expand(out var problem);
        if (problem is not null)
        {
            Fault(problem);
        }

        return expanded;
    }

    public List<string>? Texts()
    {
        var texts = Items()?.ConvertAll(item => item.Text());
        return texts is null || texts.Contains(null) ? null : texts.ConvertAll(text => text!);
    }

    /// <summary>A map of texts, such as headers or an environment.</summary>
    public Dictionary<string, string>? TextMap(IEqualityComparer<string> names)
    {
        var map = new Dictionary<string, string>(names);
        foreach (var (name, node) in Entries() ?? [])
        {
            if (node.Text() is { } text && !map.TryAdd(name, text))
            {
                node.Fault("stands here twice in another spelling; keep one of the two");
            }
        }

        return map;
    }

    public string? OneOf(params string[] known)
    {
        if (Text() is not { } text)
        {
            return null;
        }

        if (known.Contains(text))
        {
            return text;
        }

        Fault($"must be {string.Join(" or ", known.Select(name => $"\"{name}\""))}");
        return null;
    }

    public bool? Flag()
    {
        switch (Element.ValueKind)
        {
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.String when ExpandedText() is { } text && bool.TryParse(text, out var value):
                return value;
            default:
                Fault("must be true or false");
                return null;
        }
    }

    public int? Integer(int least, int most)
    {
        if (NumberText() is { } text && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
        {
            return number;
        }

        Fault($"must be a whole number from {least} to {most}");
        return null;
    }

    public decimal? Amount()
    {
        if (NumberText() is { } text && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Fault("must be a number that is not negative");
        return null;
    }

    public TimeSpan? Duration(TimeSpan least, TimeSpan most)
    {
        if (Element.ValueKind == JsonValueKind.String && ExpandedText() is { } text && DurationText.Parse(text) is { } duration)
        {
            if (duration >= least && duration <= most)
            {
                return duration;
            }

            Fault($"must lie between {Shown(least)} and {Shown(most)}");
            return null;
        }

        Fault($"must be {DurationText.Form}");
        return null;
    }

    /// <summary>The path of a member; names that are no identifiers are quoted, and what looks like a key of ours is not shown.</summary>
    public string MemberPath(string name)
    {
        if (Reading.UsesPointers)
        {
            var token = name.Length > LongestNameShown ? name[..LongestNameShown] + "…" : name;
            return $"{Path}/{Printable(token).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
        }

        var shown = name.StartsWith("ngw_", StringComparison.Ordinal) ? "ngw_…" : name.Length > LongestNameShown ? name[..LongestNameShown] + "…" : name;
        var plain = shown.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '$') && shown.Length > 0;
        return plain ? $"{Path}.{shown}" : $"{Path}['{Printable(shown).Replace("'", "\\'", StringComparison.Ordinal)}']";
    }

    public string ItemPath(int index) => Reading.UsesPointers ? $"{Path}/{index}" : $"{Path}[{index}]";

    private static string Printable(string name) => string.Concat(name.Select(c => char.IsControl(c) ? '\uFFFD' : c));

    private static string Shown(TimeSpan duration) => duration.TotalSeconds < 1 ? $"{duration.TotalMilliseconds}ms" : $"{duration.TotalSeconds}s";

    private string? ExpandedText() => Expand(out _);

    private string? Expand(out string? problem)
    {
        problem = null;
        var text = Element.GetString()!;
        return Reading.Variables is null ? text : VariableExpander.Expand(text, Reading.Variables, out problem);
    }

    /// <summary>Numbers may also be written as texts, because only texts can hold variables.</summary>
    private string? NumberText() => Element.ValueKind switch
    {
        JsonValueKind.Number => Element.GetRawText(),
        JsonValueKind.String => ExpandedText(),
        _ => null,
    };
}
