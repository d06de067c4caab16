using System.Net;
using System.Text.Json;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    [Fact]
    public async Task A_request_is_explained_once_it_is_answered()
    {
        var caller = await NewClientAsync("""{"name":"caller"}""");
        var answer = await caller.CallAsync("ping");

        var reply = await ExplainAsync(Instance, RequestIdOf(answer));

        var one = Assert.Single(reply.Items);
        Assert.Equal(
            ("memory", "ping", "ok", "answer", "no", "caller", "default"),
            (Text(one, "source"), Text(one, "method"), Text(one, "outcome"), Text(one, "decidedBy"), Text(one, "executed"), Text(one, "key"), Text(one, "organization")));
        Assert.All(one.GetProperty("stages").EnumerateArray(), stage => Assert.Equal("passed", Text(stage, "verdict")));
        Assert.Equal(JsonValueKind.Null, one.GetProperty("endpoint").ValueKind);
    }

    [Fact]
    public async Task A_refused_request_names_its_stage_and_nothing_that_its_client_wrote()
    {
        var caller = await NewClientAsync("""{"name":"caller"}""");
        foreach (var method in (string[])["no/such", "tools/call"])
        {
            var reply = await ExplainAsync(Instance, RequestIdOf(await caller.CallAsync(method)));

            var one = Assert.Single(reply.Items);
            Assert.Equal(("invalid", "no", method == "no/such" ? "other" : method), (Text(one, "outcome"), Text(one, "executed"), Text(one, "method")));
            Assert.Contains(one.GetProperty("stages").EnumerateArray(), stage => Text(stage, "stage") == Text(one, "decidedBy") && Text(stage, "verdict") == "refused");
            Assert.DoesNotContain("no/such", reply.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_tenant_sees_its_own_requests_and_no_others()
    {
        var (_, _, tenant) = await NewTenantAsync("acme");
        using var nobody = new AdminClient(Gateway.Address, "ngw_abcdefghijkl_wrong");
        var own = RequestIdOf(await tenant.CallAsync("ping"));
        var foreign = RequestIdOf(await Instance.CallAsync("ping"));
        var nobodys = RequestIdOf(await nobody.CallAsync("ping"));

        Assert.Single((await ExplainAsync(tenant, own)).Items);
        Assert.Single((await ExplainAsync(Instance, own)).Items);
        Assert.Equal(HttpStatusCode.NotFound, (await tenant.GetAsync($"/requests/{foreign}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await tenant.GetAsync($"/requests/{nobodys}")).Status);
        var one = Assert.Single((await ExplainAsync(Instance, nobodys)).Items);
        Assert.Equal(("credential", "unauthenticated", null), (Text(one, "decidedBy"), Text(one, "reason"), Text(one, "organizationId")));
    }

    [Fact]
    public async Task What_another_process_has_written_of_a_request_is_explained_here()
    {
        var (organization, _, tenant) = await NewTenantAsync("acme");
        await using var stores = StoreFactory.Open(Database.Uri, Samples.Secrets());
        var failure = UsageSamples.Failure(organization: Guid.Parse(organization));
        await stores.Usage.WriteAsync(UsageSamples.Batch(Guid.NewGuid(), 1) with { Failures = [failure] }, CancellationToken.None);

        var one = Assert.Single((await tenant.GetAsync($"/requests/{failure.RequestId}")).Items);

        Assert.Equal(("store", "upstream_timeout", "unknown", "files"), (Text(one, "source"), Text(one, "reason"), Text(one, "executed"), Text(one, "server")));
        var endpoint = one.GetProperty("endpoint");
        Assert.Equal((1, "failover", 2), (endpoint.GetProperty("endpoint").GetInt32(), Text(endpoint, "why"), endpoint.GetProperty("tries").GetInt32()));
        Assert.Equal("gateway", Text(one.GetProperty("timesMs"), "mostIn"));
    }

    [Fact]
    public async Task Of_an_unknown_request_it_is_told_whether_another_process_had_it()
    {
        var own = RequestIdOf(await Instance.CallAsync("ping"));
        var unknown = own[..4] + "000000000000";
        var elsewhere = (own[0] == 'f' ? 'e' : 'f') + own[1..];

        Assert.Contains("finished no request of that id", (await Instance.GetAsync($"/requests/{unknown}")).Text, StringComparison.Ordinal);
        var reply = await Instance.GetAsync($"/requests/{elsewhere}");
        Assert.Equal(HttpStatusCode.NotFound, reply.Status);
        Assert.Contains("no request of this process", reply.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await Instance.GetAsync("/requests/0000")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Instance.GetAsync("/requests/ABCDEFABCDEFABCD")).Status);
    }

    /// <summary>What a request came to is told right after its answer has left: a client may be quicker with its question.</summary>
    private static async Task<AdminReply> ExplainAsync(AdminClient client, string id)
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        while (true)
        {
            var reply = await client.GetAsync($"/requests/{id}");
            if (reply.Status != HttpStatusCode.NotFound)
            {
                return reply;
            }

            limit.Token.ThrowIfCancellationRequested();
        }
    }

    private static string RequestIdOf(AdminReply answer) => Assert.Single(answer.Headers.GetValues("X-Request-Id"));

    private static string? Text(JsonElement item, string member) => item.GetProperty(member).GetString();
}
