using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.Storage;

/// <summary>
/// Brings a schema up to date from the scripts that are embedded in the binary, inside one transaction of the caller's that keeps other
/// processes out. Versions only grow; a script that was once released is never edited, which its checksum proves.
/// </summary>
/// <param name="dialect">The folder of scripts: <c>sqlite</c> or <c>postgres</c>.</param>
internal sealed class Migrator(string dialect)
{
    private const string CreateTable =
        "CREATE TABLE IF NOT EXISTS schema_migrations (version integer NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL)";
    private const string Insert = "INSERT INTO schema_migrations (version, name, checksum) VALUES (@version, @name, @checksum)";

    /// <summary>The version of the schema that this program works with; both dialects have the same ones.</summary>
    public static readonly int Newest = Read("sqlite")[^1].Version;

    private readonly Migration[] _known = Read(dialect);

    public async Task ApplyAsync(StoreTransaction transaction, CancellationToken cancellationToken)
    {
        await transaction.ExecuteScriptAsync(CreateTable, cancellationToken);
        var applied = await transaction.QueryAsync(
            "SELECT version, name, checksum FROM schema_migrations ORDER BY version",
            row => new Migration(row.GetInt32(0), row.GetString(1), row.GetString(2), ""), cancellationToken);
        Verify(applied);
        foreach (var migration in _known.Skip(applied.Count))
        {
            await transaction.ExecuteScriptAsync(migration.Script, cancellationToken);
            await transaction.ExecuteAsync(
                Insert,
                [new("version", migration.Version), new("name", migration.Name), new("checksum", migration.Checksum)],
                cancellationToken);
        }
    }

    private void Verify(List<Migration> applied)
    {
        if (applied.Count > 0 && applied[^1].Version > _known[^1].Version)
        {
            throw new StoreConfigurationException(
                $"The database is newer than this program: its schema has version {applied[^1].Version}, this program knows versions up to {_known[^1].Version}. "
                + "Start the newer version, or restore a backup from before the upgrade.");
        }
        foreach (var (before, now) in applied.Zip(_known))
        {
            if (before.Version != now.Version || before.Checksum != now.Checksum)
            {
                throw new StoreConfigurationException(
                    $"The database's schema was made by another build: its migration {before.Name} differs from this program's {now.Name}. "
                    + "Use the build that created it, or restore a backup.");
            }
        }
    }

    private static Migration[] Read(string dialect)
    {
        var assembly = typeof(Migrator).Assembly;
        var folder = $"migrations/{dialect}/";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource => Read(assembly, resource, Path.GetFileNameWithoutExtension(resource[folder.Length..])))];
    }

    private static Migration Read(Assembly assembly, string resource, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        // A checkout with other line ends is still the same script.
        var script = reader.ReadToEnd().ReplaceLineEndings("\n");
        var version = int.Parse(name.AsSpan(0, name.IndexOf('_', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        return new Migration(version, name, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(script))), script);
    }

    private sealed record Migration(int Version, string Name, string Checksum, string Script);
}
