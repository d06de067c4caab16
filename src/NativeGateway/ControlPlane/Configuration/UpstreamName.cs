using System.Security.Cryptography;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Turns the free names of desktop configurations ("My Server", "@scope/search") into valid keys, the same one every time.</summary>
internal static class UpstreamName
{
    private const int MaxLength = 32;
    private const int HashLength = 6;

    public static string ToKey(string name)
    {
        if (ConfigRules.IsName(name))
        {
            return name;
        }

        var key = new StringBuilder(name.Length);
        foreach (var character in name)
        {
            var isPlain = char.IsAsciiLetterOrDigit(character);
            if (isPlain || (key.Length > 0 && key[^1] is not '-' and not '_'))
            {
                key.Append(isPlain || character == '_' ? character : '-');
            }
        }

        var plain = key.ToString().TrimEnd('-', '_');
        if (plain.Length is > 0 and <= MaxLength)
        {
            return plain;
        }

        // Nothing left to tell it by, or too long to keep whole: the hash keeps such names apart.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..HashLength];
        var head = plain.Length == 0 ? "server" : plain[..(MaxLength - HashLength - 1)].TrimEnd('-', '_');
        return $"{head}-{hash}";
    }
}
