using NativeGateway.ControlPlane.Health;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Hosting.Commands;

/// <summary>One thing that was looked at.</summary>
internal sealed record CheckResult(string Name, bool Passed, string Detail);

/// <summary>Looks at everything that a gateway with these options needs. Changes nothing; creates no database and no key file.</summary>
internal sealed class Checkup(CommandLineOptions arguments, CliContext context)
{
    private const int UpstreamsAtOnce = 8;
    private const UnixFileMode NotOwner = (UnixFileMode)0b000_111_111;
    private static readonly TimeSpan UpstreamPatience = TimeSpan.FromSeconds(15);

    private readonly List<CheckResult> _results = [];

    public async Task<IReadOnlyList<CheckResult>> RunAsync(CancellationToken cancellationToken)
    {
        var loaded = OptionsLoader.Load(arguments, context.Environment);
        foreach (var fault in loaded.Faults)
        {
            Add("configuration", false, fault.ToString());
        }

        if (loaded.Options is not { } options)
        {
            return _results;
        }

        Add("configuration", true, options.File is { } file ? $"{file.Path} is valid" : "no file; options and defaults");
        foreach (var warning in loaded.Warnings)
        {
            Add("configuration", true, $"note: {warning}");
        }

        CheckTls(options);
        var stored = CheckKeyFile(options.Store) ? await CheckDatabaseAsync(options.Store, cancellationToken) : [];
        foreach (var address in options.Listen)
        {
            await CheckListenerAsync(address, cancellationToken);
        }

        IReadOnlyList<UpstreamConfig> own = options.File?.Registry.Upstreams ?? [];
        await CheckUpstreamsAsync([.. own, .. stored.Where(one => !own.Any(mine => mine.Key == one.Key))], cancellationToken);
        return _results;
    }

    private void Add(string name, bool passed, string detail)
    {
        lock (_results)
        {
            _results.Add(new CheckResult(name, passed, detail));
        }
    }

    private void CheckTls(GatewayOptions options)
    {
        if (options.Tls is null)
        {
            return;
        }

        try
        {
            var certificate = new CertificateFiles(options.Tls, context.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            var leaf = certificate.Current.ServerCertificateContext!.TargetCertificate;
            var isCurrent = leaf.NotBefore.ToUniversalTime() <= context.Time.GetUtcNow() && context.Time.GetUtcNow() <= leaf.NotAfter.ToUniversalTime();
            Add("certificate", isCurrent, $"valid from {leaf.NotBefore:yyyy-MM-dd} to {leaf.NotAfter:yyyy-MM-dd}{(isCurrent ? "" : "; renew it")}");
        }
        catch (CertificateException exception)
        {
            Add("certificate", false, exception.Message);
        }
    }

    /// <summary>False when the database must not be opened, because that would create another key.</summary>
    private bool CheckKeyFile(StoreOptions store)
    {
        var path = Path.GetFullPath(Path.Combine(store.DataDirectory, EncryptionKey.FileName));
        if (store.EncryptionKey is not null)
        {
            Add("encryption key", true, $"from {EncryptionKey.EnvironmentVariable}");
            return true;
        }

        if (!File.Exists(path))
        {
            var isFirstStart = store.SqlitePath is { } database && !File.Exists(database);
            Add("encryption key", isFirstStart, isFirstStart
                ? $"{path} will be created at the first start; back it up then"
                : $"{path} is missing; put it there, or its content into {EncryptionKey.EnvironmentVariable} (a first start on a new database creates it)");
            return isFirstStart;
        }

        var isPrivate = OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & NotOwner) == UnixFileMode.None;
        Add("encryption key", isPrivate, isPrivate ? $"{path} is readable by its owner only" : $"{path} is open to other users; run: chmod 600 {path}");
        return isPrivate;
    }

    private async Task<IReadOnlyList<UpstreamConfig>> CheckDatabaseAsync(StoreOptions options, CancellationToken cancellationToken)
    {
        if (options.SqlitePath is { } path && !File.Exists(path))
        {
            Add("database", true, $"{Path.GetFullPath(path)} will be created at the first start");
            return [];
        }

        try
        {
            await using var store = options.Open().Registry;
            // Not migrated: a look must not change a database that an older version may be serving from.
            var registry = await store.LoadAsync(cancellationToken);
            Add("database", true, $"reachable, at revision {registry.Revision}: {registry.Upstreams.Count} servers, {registry.Keys.Count} keys");
            return registry.Upstreams;
        }
        catch (Exception exception) when (exception is StoreConfigurationException or StoreUnavailableException)
        {
            Add("database", false, $"{exception.Message} (A database of an older version is brought up to date by: native-gateway migrate)");
            return [];
        }
    }

    private async Task CheckListenerAsync(ListenAddress address, CancellationToken cancellationToken)
    {
        var name = $"listener {address}";
        if (ListenProbe.Try(address) is not { } problem)
        {
            Add(name, true, "free");
            return;
        }

        var isServed = await LiveProbe.AskAsync(LiveProbe.Reach(address), cancellationToken) is null;
        Add(name, isServed, isServed ? "served by a running gateway" : problem);
    }

    private Task CheckUpstreamsAsync(IReadOnlyList<UpstreamConfig> upstreams, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = UpstreamsAtOnce, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(upstreams, parallel, async (upstream, token) =>
        {
            var name = $"server {upstream.Key}";
            if (upstream.Disabled)
            {
                Add(name, true, "disabled");
                return;
            }

            await using var connection = new InspectedConnection(upstream, context.Time);
            var report = await Inspection.RunAsync(connection.Connection, null, UpstreamPatience, context.Time, token);
            var counts = string.Join(", ", report.Lists.Select(list => $"{list.Items.Count} {list.Member}"));
            var bad = report.Health.Where(endpoint => endpoint.Verdict is not (HealthVerdict.Healthy or HealthVerdict.Unknown))
                .Select(endpoint => $"endpoint {endpoint.Endpoint} is {HealthText.Of(endpoint)}");
            Add(name, report.Problems.Count == 0, report.Problems.Count == 0
                ? string.Join("; ", bad.Prepend($"MCP {report.Peer!.Revision}, {counts}"))
                : string.Join("; ", report.Problems.Concat(bad)));
        });
    }
}
