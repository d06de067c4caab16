using System.Text.RegularExpressions;
using NativeGateway.Shared;

namespace NativeGateway.NativeTests.Gateway;

/// <summary>
/// Well-formed keys that the binary itself has made, for configuration files and as keys that no gateway knows. Made once for all tests.
/// </summary>
internal static partial class TestKeys
{
    private const int Count = 8;

    private static readonly Lazy<Task<IReadOnlyList<string>>> Made = new(MakeAsync);

    public static Task<IReadOnlyList<string>> GetAsync() => Made.Value;

    private static async Task<IReadOnlyList<string>> MakeAsync()
    {
        using var directory = new TempDirectory();
        var keys = new List<string>();
        while (keys.Count < Count)
        {
            var made = await GatewayBinary.RunAsync(
                directory, new Dictionary<string, string>(), "keys", "create", "--name", "test", "--json", "--data", Path.Combine(directory.Path, "data"));
            var key = KeyText().Match(made.Output);
            keys.Add(key.Success ? key.Value : throw new InvalidOperationException($"keys create failed: {made.Errors}{made.Output}"));
        }

        return keys;
    }

    [GeneratedRegex("ngw_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}")]
    private static partial Regex KeyText();
}
