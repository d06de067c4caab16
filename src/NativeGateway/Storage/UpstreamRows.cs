using System.Data.Common;
using System.Globalization;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>
/// <see cref="UpstreamConfig"/> ↔ its row, its endpoints' rows and its secrets' rows. Besides header and environment values, URLs and
/// arguments are sealed: <c>?api_key=…</c> and <c>--token …</c> are common ways to hand a secret to an MCP server.
/// </summary>
internal sealed class UpstreamRows(SecretBox secrets)
{
    public const string Columns =
        "id, workspace_id, key, transport, command_file, command_arguments, command_directory, disabled, tools, prefix, instructions, "
        + "cost_per_call, limits, timeout_ms, trusted, sort_order, version, "
        + "load_balancing, health_interval_ms, max_concurrent";
    public const string EndpointColumns = "upstream_id, position, url, region, priority, weight";
    public const string SecretColumns = "upstream_id, kind, name, value";

    private const string ArgumentsPurpose = "upstream.arguments";
    private const string UrlPurpose = "endpoint.url";
    private const string HeaderKind = "header";
    private const string EnvironmentKind = "environment";

    /// <summary>Reads all three tables' rows into whole records.</summary>
    public async Task<List<UpstreamConfig>> LoadAsync(StoreTransaction transaction, CancellationToken cancellationToken)
    {
        var endpoints = (await transaction.QueryAsync(
            $"SELECT {EndpointColumns} FROM endpoints ORDER BY upstream_id, position", Endpoint, cancellationToken)).ToLookup(row => row.Upstream, row => row.Endpoint);
        var values = (await transaction.QueryAsync(
            $"SELECT {SecretColumns} FROM upstream_secrets ORDER BY upstream_id, kind, name", Secret, cancellationToken)).ToLookup(row => (row.Upstream, row.Kind));
        return await transaction.QueryAsync($"SELECT {Columns} FROM upstreams", row => Upstream(row, endpoints, values), cancellationToken);
    }

    public Column[] Row(UpstreamConfig upstream)
    {
        if (upstream.Source != ConfigSource.Database)
        {
            throw new ArgumentException("Entries of the configuration file are not stored.", nameof(upstream));
        }
        var command = upstream.Command;
        return
        [
            new("id", upstream.Id),
            new("workspace_id", upstream.WorkspaceId),
            new("key", upstream.Key),
            new("transport", TransportText(upstream.Transport)),
            new("command_file", command?.FileName),
            new("command_arguments", command is null ? null : secrets.Seal(ArgumentsPurpose, Place(upstream.Id), StorageJson.Write(command.Arguments))),
            new("command_directory", command?.WorkingDirectory),
            new("disabled", upstream.Disabled),
            new("tools", StorageJson.Write(upstream.Tools)),
            new("prefix", upstream.Prefix),
            new("instructions", upstream.Instructions),
            new("cost_per_call", upstream.CostPerCall),
            new("limits", StorageJson.Write(upstream.Limits)),
            new("timeout_ms", (long)upstream.Timeout.TotalMilliseconds),
            new("trusted", upstream.Trusted),
            new("sort_order", upstream.Order),
            new("load_balancing", BalancingText(upstream.LoadBalancing)),
            new("health_interval_ms", (long?)upstream.HealthInterval?.TotalMilliseconds),
            new("max_concurrent", upstream.MaxConcurrent),
        ];
    }

    public IEnumerable<Column[]> EndpointRows(UpstreamConfig upstream) => upstream.Endpoints.Select((endpoint, position) => new Column[]
    {
        new("upstream_id", upstream.Id),
        new("position", position),
        new("url", secrets.Seal(UrlPurpose, Place(upstream.Id, position.ToString(CultureInfo.InvariantCulture)), endpoint.Url.OriginalString)),
        new("region", endpoint.Region),
        new("priority", endpoint.Priority),
        new("weight", endpoint.Weight),
    });

    public IEnumerable<Column[]> SecretRows(UpstreamConfig upstream)
    {
        var headers = upstream.Headers.Select(header => SecretRow(upstream.Id, HeaderKind, header));
        var environment = upstream.Command?.Environment.Select(variable => SecretRow(upstream.Id, EnvironmentKind, variable));
        return environment is null ? headers : headers.Concat(environment);
    }

    private Column[] SecretRow(Guid upstream, string kind, KeyValuePair<string, string> secret) =>
    [
        new("upstream_id", upstream),
        new("kind", kind),
        new("name", secret.Key),
        new("value", secrets.Seal("upstream." + kind, Place(upstream, secret.Key), secret.Value)),
    ];

    private UpstreamConfig Upstream(
        DbDataReader row,
        ILookup<Guid, EndpointConfig> endpoints,
        ILookup<(Guid Upstream, string Kind), (Guid Upstream, string Kind, string Name, string Value)> values)
    {
        var id = row.GetGuid(0);
        return new()
        {
            Id = id,
            WorkspaceId = row.GetGuid(1),
            Key = row.GetString(2),
            Transport = Transport(row.GetString(3)),
            Endpoints = [.. endpoints[id]],
            Command = row.IsDBNull(4)
                ? null
                : new CommandConfig(
                    row.GetString(4),
                    StorageJson.Strings(secrets.Open(ArgumentsPurpose, Place(id), Rows.Bytes(row, 5))),
                    values[(id, EnvironmentKind)].ToDictionary(secret => secret.Name, secret => secret.Value),
                    Rows.Text(row, 6)),
            Headers = Headers(values[(id, HeaderKind)]),
            Disabled = row.GetBoolean(7),
            Tools = StorageJson.Globs(row.GetString(8)),
            Prefix = Rows.Text(row, 9),
            Instructions = Rows.Text(row, 10),
            CostPerCall = WithoutTrailingZeros(row.GetDecimal(11)),
            Limits = StorageJson.Limits(Rows.Text(row, 12)),
            Timeout = TimeSpan.FromMilliseconds(row.GetInt64(13)),
            Trusted = row.GetBoolean(14),
            Order = row.GetInt32(15),
            Version = row.GetInt64(16),
            LoadBalancing = Balancing(row.GetString(17)),
            HealthInterval = row.IsDBNull(18) ? null : TimeSpan.FromMilliseconds(row.GetInt64(18)),
            MaxConcurrent = row.GetInt32(19),
        };
    }

    private (Guid Upstream, EndpointConfig Endpoint) Endpoint(DbDataReader row)
    {
        var upstream = row.GetGuid(0);
        var place = Place(upstream, row.GetInt32(1).ToString(CultureInfo.InvariantCulture));
        var url = new Uri(secrets.Open(UrlPurpose, place, Rows.Bytes(row, 2)), UriKind.Absolute);
        return (upstream, new EndpointConfig(url, Rows.Text(row, 3), row.GetInt32(4), row.GetInt32(5)));
    }

    private (Guid Upstream, string Kind, string Name, string Value) Secret(DbDataReader row)
    {
        var (upstream, kind, name) = (row.GetGuid(0), row.GetString(1), row.GetString(2));
        return (upstream, kind, name, secrets.Open("upstream." + kind, Place(upstream, name), Rows.Bytes(row, 3)));
    }

    /// <summary>Header names are compared without regard to case, as HTTP does.</summary>
    private static Dictionary<string, string> Headers(IEnumerable<(Guid Upstream, string Kind, string Name, string Value)> values)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (_, _, name, value) in values)
        {
            headers[name] = value;
        }
        return headers;
    }

    /// <summary>SQLite hands 0 back as 0.0: the same number, but another text in an answer and another ETag.</summary>
    private static decimal WithoutTrailingZeros(decimal value) => value / 1.0000000000000000000000000000m;

    private static string Place(Guid upstream, string? part = null) => part is null ? $"{upstream:D}" : $"{upstream:D}/{part}";

    private static string BalancingText(LoadBalancing balancing) => balancing switch
    {
        LoadBalancing.PowerOfTwo => "power-of-two",
        LoadBalancing.RoundRobin => "round-robin",
        LoadBalancing.First => "first",
        _ => throw new ArgumentOutOfRangeException(nameof(balancing)),
    };

    private static LoadBalancing Balancing(string text) => text switch
    {
        "power-of-two" => LoadBalancing.PowerOfTwo,
        "round-robin" => LoadBalancing.RoundRobin,
        "first" => LoadBalancing.First,
        _ => throw new FormatException($"'{text}' is no way to spread calls."),
    };

    private static string TransportText(UpstreamTransport transport) => transport switch
    {
        UpstreamTransport.StreamableHttp => "streamable-http",
        UpstreamTransport.Sse => "sse",
        UpstreamTransport.Stdio => "stdio",
        _ => throw new ArgumentOutOfRangeException(nameof(transport)),
    };

    private static UpstreamTransport Transport(string text) => text switch
    {
        "streamable-http" => UpstreamTransport.StreamableHttp,
        "sse" => UpstreamTransport.Sse,
        "stdio" => UpstreamTransport.Stdio,
        _ => throw new FormatException($"'{text}' is no transport."),
    };
}
