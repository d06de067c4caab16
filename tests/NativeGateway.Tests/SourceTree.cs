using System.Runtime.CompilerServices;
using System.Text;

namespace NativeGateway.Tests;

/// <summary>The repository's files as the architecture test reads them.</summary>
internal static class SourceTree
{
    /// <summary>Source files of the product, by their path below <c>src/NativeGateway</c> with forward slashes.</summary>
    public static IReadOnlyList<SourceFile> Product { get; } = ReadProduct();

    public static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    private static List<SourceFile> ReadProduct()
    {
        var root = Path.Combine(Root(), "src", "NativeGateway");
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(path => new SourceFile(Path.GetRelativePath(root, path).Replace('\\', '/'), File.ReadAllText(path)))
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .ToList();
    }
}

/// <param name="Path">Below <c>src/NativeGateway</c>.</param>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The source without comments and without the insides of string and character literals.</summary>
    public string Code { get; } = Strip(Text, keepLiterals: false);

    /// <summary>The source without comments.</summary>
    public string CodeWithLiterals { get; } = Strip(Text, keepLiterals: true);

    public int Lines => Text.AsSpan().Count('\n');

    /// <summary>The first folder, or empty for a file at the root.</summary>
    public string Folder => Path.Contains('/', StringComparison.Ordinal) ? Path[..Path.IndexOf('/', StringComparison.Ordinal)] : "";

    /// <summary>The second folder, or empty.</summary>
    public string Subfolder => Path.Split('/') is { Length: > 2 } parts ? parts[1] : "";

    /// <summary>A lexer for just this: line and block comments, plain, verbatim and raw strings, characters. Holes of interpolations count as string.</summary>
    private static string Strip(string text, bool keepLiterals)
    {
        var code = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var rest = text.AsSpan(i);
            int length;
            if (rest.StartsWith("//"))
            {
                length = LengthUntil(rest, "\n", from: 2);
                i += length;
                continue;
            }

            if (rest.StartsWith("/*"))
            {
                i += LengthThrough(rest, "*/", from: 2);
                continue;
            }

            length = LiteralLength(rest);
            if (length == 0)
            {
                code.Append(text[i++]);
                continue;
            }

            code.Append(keepLiterals ? rest[..length] : "\"\"");
            i += length;
        }

        return code.ToString();
    }

    /// <summary>How long the literal is that begins here; 0 when none does.</summary>
    private static int LiteralLength(ReadOnlySpan<char> rest)
    {
        var prefix = rest.IndexOfAnyExcept('$', '@');
        if (prefix < 0 || (rest[prefix] != '"' && !(prefix == 0 && rest[0] == '\'')))
        {
            return 0;
        }

        var quotes = rest[prefix..].IndexOfAnyExcept('"');
        if (quotes >= 3)
        {
            return LengthThrough(rest, new string('"', quotes), prefix + quotes);
        }

        var isVerbatim = rest[..prefix].Contains('@');
        for (var i = prefix + 1; i < rest.Length; i++)
        {
            if (rest[i] == '\\' && !isVerbatim)
            {
                i++;
            }
            else if (rest[i] == rest[prefix])
            {
                if (isVerbatim && i + 1 < rest.Length && rest[i + 1] == '"')
                {
                    i++;
                }
                else
                {
                    return i + 1;
                }
            }
        }

        return rest.Length;
    }

    private static int LengthUntil(ReadOnlySpan<char> text, string end, int from) =>
        text[from..].IndexOf(end) is var at and >= 0 ? from + at : text.Length;

    private static int LengthThrough(ReadOnlySpan<char> text, string end, int from) =>
        text[from..].IndexOf(end) is var at and >= 0 ? from + at + end.Length : text.Length;
}
