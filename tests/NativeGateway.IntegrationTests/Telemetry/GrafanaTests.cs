using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using NativeGateway.IntegrationTests.ControlPlane.Admin;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Telemetry;

/// <summary>The dashboard and the alerts ask for what the gateway really tells.</summary>
public sealed partial class GrafanaTests
{
    [Fact]
    public async Task Dashboard_and_alerts_name_only_metrics_that_exist()
    {
        await using var database = TempDatabase.Sqlite();
        await using var gateway = await AdminGateway.StartAsync(database);
        using var client = new HttpClient();
        var text = await client.GetStringAsync(new Uri(gateway.Address, "/metrics"));
        var told = TypeLine().Matches(text).SelectMany(NamesOf).ToHashSet(StringComparer.Ordinal);

        Assert.All(["dashboard.json", "alerts.yml"], file =>
        {
            var used = MetricName().Matches(Read(file)).Select(match => match.Value).Distinct().ToList();
            Assert.NotEmpty(used);
            Assert.Empty(used.Except(told));
        });
    }

    [Fact]
    public void The_dashboard_is_json_with_a_number_of_its_own_for_each_panel()
    {
        using var dashboard = JsonDocument.Parse(Read("dashboard.json"));
        var numbers = dashboard.RootElement.GetProperty("panels").EnumerateArray().Select(panel => panel.GetProperty("id").GetInt32()).ToList();

        Assert.Equal(numbers.Distinct(), numbers);
    }

    private static IEnumerable<string> NamesOf(Match type)
    {
        var name = type.Groups["name"].Value;
        return type.Groups["type"].Value == "histogram" ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"] : [name];
    }

    private static string Read(string file, [CallerFilePath] string here = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "grafana", file));

    [GeneratedRegex("^# TYPE (?<name>[a-z_]+) (?<type>[a-z]+)", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"\b(?:mcp_gateway|process|dotnet)_[a-z_]+")]
    private static partial Regex MetricName();
}
