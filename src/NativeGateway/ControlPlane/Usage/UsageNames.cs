using System.Text;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>
/// Names of tools and prompts as they are stored: as text that any database takes, of bounded length. One string per name, whichever catalog it
/// comes from. Not thread-safe.
/// </summary>
internal sealed class UsageNames
{
    /// <summary>Bytes of a name that are kept. Names of models' vendors end at 64; whatever is longer is told by its beginning.</summary>
    private const int MaxLength = 128;

    /// <summary>Remembered at once; what is forgotten is made again.</summary>
    private const int MaxNames = 20_000;

    private readonly Dictionary<byte[], string> _texts = new(Utf8Comparer.Instance);

    public string Get(byte[]? name)
    {
        if (name is null)
        {
            return "";
        }

        if (!_texts.TryGetValue(name, out var text))
        {
            if (_texts.Count == MaxNames)
            {
                _texts.Clear();
            }

            text = Text(name);
            _texts.Add(name, text);
        }

        return text;
    }

    /// <summary>Empty for none.</summary>
    public static string Text(ReadOnlySpan<byte> name)
    {
        if (name.Length > MaxLength)
        {
            var end = MaxLength;
            while ((name[end] & 0xC0) == 0x80)
            {
                end--;
            }

            name = name[..end];
        }

        // Postgres stores no U+0000, and no control character belongs into a report.
        return string.Concat(Encoding.UTF8.GetString(name).Select(letter => char.IsControl(letter) ? '\uFFFD' : letter));
    }
}
