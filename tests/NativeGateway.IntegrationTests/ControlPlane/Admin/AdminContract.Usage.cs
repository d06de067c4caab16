using System.Globalization;
using System.Net;
using System.Text.Json;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    /// <summary>The day of the calls. Long enough ago for sums by the minute to be gone.</summary>
    private static readonly DateTimeOffset ThatDay = new(DateTimeOffset.UtcNow.AddDays(-10).Date, TimeSpan.Zero);

    private static readonly string OfThatDay = $"?from={Day(0)}&to={Day(1)}&interval=day";

    private static readonly string[] UsagePaths =
    [
        "/usage/summary", "/usage/timeseries", "/usage/by-key", "/usage/by-server", "/usage/by-tool", "/usage/trending", "/usage/errors", "/usage/latency",
        "/usage/export",
    ];

    [Fact]
    public async Task A_call_is_in_the_sums_soon()
    {
        var caller = await NewClientAsync("""{"name":"caller"}""");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await caller.CallAsync("ping")).Status);
        }

        var waited = System.Diagnostics.Stopwatch.StartNew();
        AdminReply summary;
        do
        {
            summary = await Instance.GetAsync("/usage/summary?method=session");
        }
        while (Calls(summary.Body) < 3 && waited.Elapsed < TestTime.Limit);

        Assert.Equal(3, Calls(summary.Body));
        Assert.Equal("minute", summary.Body.GetProperty("interval").GetString());
        Assert.NotEqual(JsonValueKind.Null, summary.Body.GetProperty("latencyMs").GetProperty("p95").ValueKind);
    }

    [Fact]
    public async Task Usage_is_shown_from_every_side()
    {
        var (_, administrator) = await NewUsageAsync("acme");

        var summary = (await administrator.GetAsync("/usage/summary" + OfThatDay)).Body;
        Assert.Equal((9, 2, 0.0045m), (Calls(summary), summary.GetProperty("errors").GetInt32(), summary.GetProperty("cost").GetDecimal()));
        Assert.Equal(2, summary.GetProperty("errorsByReason").GetProperty("timeout").GetInt32());
        Assert.Equal([$"{Day(0)}T00:00:00Z", $"{Day(1)}T00:00:00Z"], new[] { "from", "to" }.Select(name => summary.GetProperty(name).GetString()));

        var series = (await administrator.GetAsync($"/usage/timeseries?from={Day(-1)}&to={Day(2)}&interval=day")).Items.ToArray();
        Assert.Equal([($"{Day(-1)}T00:00:00Z", 0), ($"{Day(0)}T00:00:00Z", 9), ($"{Day(1)}T00:00:00Z", 0)],
            series.Select(point => (point.GetProperty("at").GetString()!, Calls(point))));

        Assert.Equal([("abcdefABCDEF", 8), ("mnopqrMNOPQR", 1)], await NamedAsync("/usage/by-key" + OfThatDay, "keyId"));
        Assert.Equal([("files", 7), ("github", 2)], await NamedAsync("/usage/by-server" + OfThatDay, "server"));
        Assert.Equal([("read", 7), ("search", 2)], await NamedAsync("/usage/by-tool" + OfThatDay, "name"));
        Assert.Equal([("search", 2)], await NamedAsync("/usage/by-tool" + OfThatDay + "&order=errors&limit=1", "name"));
        Assert.Equal([("read", 7)], await NamedAsync("/usage/by-tool" + OfThatDay + $"&serverId={UsageSamples.Files}", "name"));
        Assert.Equal([("files", 7), ("github", 2)], await NamedAsync("/usage/trending" + OfThatDay + "&by=server", "server"));

        var latency = (await administrator.GetAsync("/usage/latency" + OfThatDay)).Body;
        Assert.Equal(9, latency.GetProperty("buckets").EnumerateArray().Sum(Calls));
        Assert.InRange(latency.GetProperty("latencyMs").GetProperty("p50").GetDouble(), 6.3, 10);

        async Task<(string Name, int Calls)[]> NamedAsync(string path, string member) =>
            [.. (await administrator.GetAsync(path)).Items.Select(item => (item.GetProperty(member).GetString()!, Calls(item)))];
    }

    [Fact]
    public async Task Errors_are_listed_page_by_page()
    {
        var (_, administrator) = await NewUsageAsync("acme");
        var path = $"/usage/errors{OfThatDay}&limit=2";

        var first = await administrator.GetAsync(path);
        var second = await administrator.GetAsync($"{path}&cursor={first.Body.GetProperty("nextCursor").GetString()}");
        var limited = await administrator.GetAsync(path + "&outcome=limited");

        Assert.Equal(["timeout", "limited"], first.Items.Select(item => item.GetProperty("outcome").GetString()));
        Assert.Equal("unavailable", Assert.Single(second.Items).GetProperty("outcome").GetString());
        Assert.False(second.Body.TryGetProperty("nextCursor", out _));
        Assert.Equal("0123456789abcdef", Assert.Single(limited.Items).GetProperty("requestId").GetString());
    }

    [Fact]
    public async Task Usage_is_exported_as_a_table_and_as_lines()
    {
        var (_, administrator) = await NewUsageAsync("acme");

        var table = await administrator.GetAsync("/usage/export" + OfThatDay);
        var lines = await administrator.GetAsync("/usage/export" + OfThatDay + "&format=jsonl");
        var nothing = await administrator.GetAsync($"/usage/export?from={Day(-2)}&to={Day(-1)}");

        Assert.Equal(("text/csv", 4), (table.ContentType, table.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length));
        Assert.Equal(9, lines.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(line => Calls(JsonDocument.Parse(line).RootElement)));
        Assert.StartsWith("at,", Assert.Single(nothing.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_tenant_sees_the_usage_of_another()
    {
        var (organization, administrator) = await NewUsageAsync("acme");
        var (_, _, stranger) = await NewTenantAsync("stranger");

        foreach (var path in UsagePaths)
        {
            var own = await stranger.GetAsync(path + OfThatDay);
            Assert.Equal(HttpStatusCode.OK, own.Status);
            Assert.DoesNotContain("files", own.Text, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync($"{path}{OfThatDay}&organizationId={organization}")).Status);
            Assert.Equal(HttpStatusCode.OK, (await administrator.GetAsync($"{path}{OfThatDay}&organizationId={organization}")).Status);
            Assert.Equal(HttpStatusCode.OK, (await Instance.GetAsync($"{path}{OfThatDay}&organizationId={organization}")).Status);
        }

        Assert.Equal(0, Calls((await stranger.GetAsync("/usage/summary" + OfThatDay)).Body));
        Assert.Equal(9, Calls((await Instance.GetAsync($"/usage/summary{OfThatDay}&organizationId={organization}")).Body));
    }

    [Theory]
    [InlineData("/usage/summary?from=soon", "from")]
    [InlineData("/usage/summary?from=2026-03-02&to=2026-03-01", "from")]
    [InlineData("/usage/summary?from=1926-01-01", "from")]
    [InlineData("/usage/timeseries?from=2026-01-01&to=2026-03-01&interval=minute", "from")]
    [InlineData("/usage/timeseries?interval=week", "interval")]
    [InlineData("/usage/by-key?limit=201", "limit")]
    [InlineData("/usage/by-key?order=name", "order")]
    [InlineData("/usage/by-tool?serverId=files", "serverId")]
    [InlineData("/usage/by-tool?method=GET", "method")]
    [InlineData("/usage/by-tool?name=%00", "name")]
    [InlineData("/usage/trending?by=day", "by")]
    [InlineData("/usage/errors?outcome=bad", "outcome")]
    [InlineData("/usage/errors?cursor=x", "cursor")]
    [InlineData("/usage/export?format=xml", "format")]
    public async Task A_wrong_question_about_usage_is_refused_with_its_place(string path, string parameter)
    {
        var refused = await Instance.GetAsync(path);

        Assert.Equal((HttpStatusCode.BadRequest, parameter), (refused.Status, Assert.Single(refused.Pointers)));
    }

    [Fact]
    public async Task Whatever_is_asked_about_usage_is_answered_without_a_fault()
    {
        string[] parameters =
            ["from", "to", "interval", "limit", "cursor", "order", "by", "format", "outcome", "method", "name", "keyId", "serverId", "workspaceId", "organizationId"];
        string[] values =
        [
            "", "%00", "%ff", "'", "%22", "0", "-1", "99999999999999999999", "0001-01-01", "9999-12-31T23:59:59.9999999Z", "1970-01-01", "day", "minute", "key",
            "calls", "csv", "tools/call", NoSuchId, "*", "%F0%9F%92%A5", new string('9', 3000),
        ];
        var random = new Random(20263);
        for (var i = 0; i < 500; i++)
        {
            var query = string.Join('&', Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"{Pick(random, parameters)}={Pick(random, values)}"));
            var path = $"{Pick(random, UsagePaths)}?{query}";
            var reply = await Instance.GetAsync(path);

            Assert.True((int)reply.Status is < 500, $"{path}\n{reply.Text}");
        }

        Assert.DoesNotContain("A request failed in the gateway", Gateway.Logs, StringComparison.Ordinal);
    }

    private static string Pick(Random random, string[] choices) => choices[random.Next(choices.Length)];

    private static string Day(int later) => ThatDay.AddDays(later).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static int Calls(JsonElement counts) => counts.GetProperty("calls").GetInt32();

    /// <summary>An organization with nine calls and three failures on one day, and its administrator.</summary>
    private async Task<(string Organization, AdminClient Administrator)> NewUsageAsync(string name)
    {
        var (organization, _, administrator) = await NewTenantAsync(name);
        var key = UsageSamples.Key with { OrganizationId = Guid.Parse(organization), At = ThatDay.AddHours(12).ToUnixTimeSeconds() };
        var failure = UsageSamples.Failure(organization: key.OrganizationId, at: ThatDay.AddHours(12));
        await using var stores = StoreFactory.Open(_database!.Uri, Samples.Secrets());
        await stores.Usage.WriteAsync(
            UsageSamples.Batch(
                Guid.NewGuid(), 1,
                UsageSamples.Row(key, 6), UsageSamples.Row(key with { KeyId = "mnopqrMNOPQR" }),
                UsageSamples.Row(key with { UpstreamId = UsageSamples.GitHub, Name = "search" }, 2, CallOutcome.Timeout)) with
            {
                Failures = [failure with { Outcome = CallOutcome.Unavailable }, failure with { Outcome = CallOutcome.Limited }, failure],
            },
            CancellationToken.None);
        return (organization, administrator);
    }
}
