using System.Text;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>
/// Puts environment variables into text: <c>${NAME}</c>, <c>${NAME:-default}</c> (for unset or empty), <c>${env:NAME}</c> as some editors write it;
/// <c>$${</c> is a literal <c>${</c>.
/// </summary>
internal static class VariableExpander
{
    /// <summary>The expanded text, or null and what is wrong; that names variables but never their values.</summary>
    public static string? Expand(string text, Func<string, string?> variables, out string? problem)
    {
        problem = null;
        if (!text.Contains("${", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        var position = 0;
        while (true)
        {
            var start = text.IndexOf("${", position, StringComparison.Ordinal);
            if (start < 0)
            {
                return result.Append(text, position, text.Length - position).ToString();
            }

            result.Append(text, position, start - position);
            if (start > position && text[start - 1] == '$')
            {
                result.Append('{');
                position = start + 2;
                continue;
            }

            var end = text.IndexOf('}', start);
            if (end < 0)
            {
                problem = "a \"${\" is not closed; close it with \"}\", or write \"$${\" for the characters themselves";
                return null;
            }

            if (Value(text.AsSpan(start + 2, end - start - 2), variables, out problem) is not { } value)
            {
                return null;
            }

            result.Append(value);
            position = end + 1;
        }
    }

    private static string? Value(ReadOnlySpan<char> expression, Func<string, string?> variables, out string? problem)
    {
        problem = null;
        var separator = expression.IndexOf(":-");
        var name = separator < 0 ? expression : expression[..separator];
        if (name.StartsWith("env:"))
        {
            name = name["env:".Length..];
        }

        if (!IsName(name))
        {
            problem = "\"${…}\" holds no name of an environment variable; write ${NAME} or ${NAME:-default}, or \"$${\" for the characters themselves";
            return null;
        }

        var value = variables(name.ToString());
        if (separator >= 0)
        {
            return string.IsNullOrEmpty(value) ? expression[(separator + 2)..].ToString() : value;
        }

        problem = value is null ? $"the environment variable {name} is not set; set it, or write ${{{name}:-default}}" : null;
        return value;
    }

    private static bool IsName(ReadOnlySpan<char> name)
    {
        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character != '_')
            {
                return false;
            }
        }

        return name.Length > 0 && !char.IsAsciiDigit(name[0]);
    }
}
