using System.Text;

namespace NativeGateway.Model;

/// <summary>A <see cref="GlobRule"/>, compiled for matching UTF-8 names without allocating.</summary>
internal sealed class GlobSet
{
    public static readonly GlobSet Everything = new(GlobRule.Everything);

    private readonly byte[][] _allow;
    private readonly byte[][] _deny;

    public GlobSet(GlobRule rule)
    {
        _allow = rule.Allow.Select(Encoding.UTF8.GetBytes).ToArray();
        _deny = rule.Deny.Select(Encoding.UTF8.GetBytes).ToArray();
    }

    /// <summary>Matches a plain name.</summary>
    public bool Allows(ReadOnlySpan<byte> name) => Allows(default, name);

    /// <summary>Matches a name of an upstream: globs with <c>__</c> see <c>{key}__{name}</c>, others only the name.</summary>
    public bool Allows(ReadOnlySpan<byte> upstreamKey, ReadOnlySpan<byte> name)
    {
        return !Any(_deny, upstreamKey, name) && (_allow.Length == 0 || Any(_allow, upstreamKey, name));
    }

    private static bool Any(byte[][] globs, ReadOnlySpan<byte> upstreamKey, ReadOnlySpan<byte> name)
    {
        foreach (var glob in globs)
        {
            if (MatchesQualified(glob, upstreamKey, name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MatchesQualified(ReadOnlySpan<byte> glob, ReadOnlySpan<byte> upstreamKey, ReadOnlySpan<byte> name)
    {
        var separator = glob.IndexOf("__"u8);
        return separator < 0
            ? Matches(glob, name)
            : Matches(glob[..separator], upstreamKey) && Matches(glob[(separator + 2)..], name);
    }

    /// <summary>Greedy with one point to fall back to: linear for one star, quadratic at worst, never exponential.</summary>
    private static bool Matches(ReadOnlySpan<byte> glob, ReadOnlySpan<byte> name)
    {
        var (g, n, star, mark) = (0, 0, -1, 0);
        while (n < name.Length)
        {
            if (g < glob.Length && glob[g] == '*')
            {
                (star, mark) = (g++, n);
            }
            else if (g < glob.Length && (glob[g] == name[n] || glob[g] == '?'))
            {
                g++;
                n++;
            }
            else if (star >= 0)
            {
                g = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }

        return glob[g..].TrimStart((byte)'*').IsEmpty;
    }
}
