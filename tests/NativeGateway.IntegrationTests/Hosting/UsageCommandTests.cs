using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Model;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

public sealed class UsageCommandTests : IAsyncLifetime, IDisposable
{
    private readonly Cli _cli = new();

    private string Database => $"sqlite:{_cli.Directory}/gateway.db";

    /// <summary>A database with the first organization, which has called two tools, and another one, which has called a third.</summary>
    public async Task InitializeAsync()
    {
        Assert.Equal(0, await _cli.RunAsync("keys", "create", "--name", "ci"));
        await using var stores = StoreFactory.Open(Database, Samples.Secrets());
        var organization = Assert.Single((await stores.Registry.LoadAsync(default)).Organizations);
        var other = Samples.Organization("other") with { Id = UsageSamples.Other };
        await stores.Registry.CommitAsync(new RegistryChange([new SaveOrganization(other)], null), default);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var key = UsageSamples.Key with { OrganizationId = organization.Id, At = now - now % 60 };
        await stores.Usage.WriteAsync(
            UsageSamples.Batch(
                Guid.NewGuid(), 1,
                UsageSamples.Row(key, 4), UsageSamples.Row(key with { UpstreamId = UsageSamples.GitHub, Name = "search" }, 2, CallOutcome.Timeout),
                UsageSamples.Row(key with { OrganizationId = UsageSamples.Other, Name = "foreign" })) with
            {
                Failures =
                [
                    UsageSamples.Failure(organization: organization.Id, at: DateTimeOffset.FromUnixTimeSeconds(now)),
                    UsageSamples.Failure(organization: UsageSamples.Other, at: DateTimeOffset.FromUnixTimeSeconds(now)),
                ],
            },
            default);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Sums_are_shown_as_a_table_and_as_json()
    {
        var all = await _cli.JsonAsync("usage", "show");
        var tools = (await _cli.JsonAsync("usage", "show", "--by", "tool", "--last", "1h")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(0, await _cli.RunAsync("usage", "show", "--by", "server"));

        Assert.Equal((6, 2), (all.GetProperty("calls").GetInt32(), all.GetProperty("errors").GetInt32()));
        Assert.Equal(["read", "search"], tools.Select(tool => tool.GetProperty("name").GetString()));
        Assert.Contains("files", _cli.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("foreign", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _cli.RunAsync("usage", "show"));
        Assert.Contains("everything", _cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_organizations_usage_is_shown_by_its_id()
    {
        var other = await _cli.JsonAsync("usage", "show", "--org", UsageSamples.Other.ToString());

        Assert.Equal(1, other.GetProperty("calls").GetInt32());
    }

    [Fact]
    public async Task Errors_are_listed_by_codes()
    {
        var error = Assert.Single((await _cli.JsonAsync("usage", "errors")).GetProperty("items").EnumerateArray());

        Assert.Equal(
            ("timeout", 504, -32014, "files", "read"),
            (error.GetProperty("outcome").GetString(), error.GetProperty("status").GetInt32(), error.GetProperty("code").GetInt32(),
                error.GetProperty("server").GetString(), error.GetProperty("name").GetString()));
        Assert.Equal(0, await _cli.RunAsync("usage", "errors"));
        Assert.Contains("0123456789abcdef", _cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_written_of_a_request_is_explained_without_a_gateway()
    {
        Assert.Equal(0, await _cli.RunAsync("explain", "0123456789abcdef"));
        Assert.Contains("The server did not answer within its timeout.", _cli.Out, StringComparison.Ordinal);
        Assert.Contains("the one chosen first could not be reached; tried: 2", _cli.Out, StringComparison.Ordinal);

        Assert.Equal(1, await _cli.RunAsync("explain", "fedcba9876543210"));
        Assert.Contains("Nothing is kept of that request", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("explain", "no id"));
    }

    [Theory]
    [InlineData("--last must be", "--last", "soon")]
    [InlineData("1500 days", "--last", "9999d")]
    [InlineData("limit", "--top", "1000")]
    public async Task What_cannot_be_answered_is_said(string message, params string[] options)
    {
        Assert.NotEqual(0, await _cli.RunAsync(["usage", "show", .. options]));
        Assert.Contains(message, _cli.Error, StringComparison.Ordinal);
    }
}
