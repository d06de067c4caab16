namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Finds the known name that a mistyped one probably means.</summary>
internal static class NearestName
{
    /// <summary>Null when nothing is near enough to be worth saying.</summary>
    public static string? Find(string name, IReadOnlyCollection<string> known)
    {
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in known)
        {
            var distance = Distance(name, candidate);
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        if (best is not null && bestDistance <= Math.Max(2, best.Length / 3))
        {
            return best;
        }

        // "serverUrl" and "httpUrl" of other clients mean "url".
        return known.Where(candidate => candidate.Length > 2 && name.Contains(candidate, StringComparison.OrdinalIgnoreCase)).MaxBy(candidate => candidate.Length);
    }

    /// <summary>Levenshtein's distance, ignoring case.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substituted = diagonal + (char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
