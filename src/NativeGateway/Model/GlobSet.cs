using System.Text;

namespace NativeGateway.Model;

/// <summary>A <see cref="GlobRule"/>, compiled for matching UTF-8 names without allocating.</summary>
internal sealed class GlobSet
{
    public static readonly GlobSet Everything = new(GlobRule.Everything);

    private readonly Glob[] _allow;
    private readonly Glob[] _deny;

    public GlobSet(GlobRule rule)
    {
        _allow = Array.ConvertAll([.. rule.Allow], Glob.Compile);
        _deny = Array.ConvertAll([.. rule.Deny], Glob.Compile);
    }

    /// <summary>There is no glob: every name passes.</summary>
    public bool AllowsEverything => _allow.Length == 0 && _deny.Length == 0;

    /// <summary>Matches a plain name.</summary>
    public bool Allows(ReadOnlySpan<byte> name) => Allows(default, name);

    /// <summary>Matches a name of an upstream: globs with <c>__</c> see <c>{key}__{name}</c>, others only the name.</summary>
    public bool Allows(ReadOnlySpan<byte> upstreamKey, ReadOnlySpan<byte> name)
    {
        return !Any(_deny, upstreamKey, name) && (_allow.Length == 0 || Any(_allow, upstreamKey, name));
    }

    private static bool Any(Glob[] globs, ReadOnlySpan<byte> upstreamKey, ReadOnlySpan<byte> name)
    {
        foreach (var glob in globs)
        {
            if (glob.Matches(upstreamKey, name))
            {
                return true;
            }
        }

        return false;
    }

    /// <param name="Upstream">What stands before the first <c>__</c>; null when there is none, and the upstream does not matter.</param>
    private readonly record struct Glob(byte[]? Upstream, byte[] Name)
    {
        public static Glob Compile(string text)
        {
            var separator = text.IndexOf("__", StringComparison.Ordinal);
            return separator < 0
                ? new Glob(null, Encoding.UTF8.GetBytes(text))
                : new Glob(Encoding.UTF8.GetBytes(text[..separator]), Encoding.UTF8.GetBytes(text[(separator + 2)..]));
        }

        public bool Matches(ReadOnlySpan<byte> upstreamKey, ReadOnlySpan<byte> name) =>
            (Upstream is null || IsMatch(Upstream, upstreamKey)) && IsMatch(Name, name);

        /// <summary>Greedy with one point to fall back to: linear for one star, quadratic at worst, never exponential.</summary>
        private static bool IsMatch(ReadOnlySpan<byte> glob, ReadOnlySpan<byte> name)
        {
            var (g, n, star, mark) = (0, 0, -1, 0);
            while (n < name.Length)
            {
                if (g < glob.Length && glob[g] == '*')
                {
                    (star, mark) = (g++, n);
                }
                else if (g < glob.Length && glob[g] == '?')
                {
                    g++;
                    n = AfterCharacter(name, n);
                }
                else if (g < glob.Length && glob[g] == name[n])
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

        private static int AfterCharacter(ReadOnlySpan<byte> name, int n)
        {
            do
            {
                n++;
            }
            while (n < name.Length && (name[n] & 0xC0) == 0x80);
            return n;
        }
    }
}
