using System.Net;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    [Fact]
    public async Task Plans_and_quotas_are_given_by_the_instance()
    {
        var (organization, _, administrator) = await NewTenantAsync("acme");
        var path = $"/organizations/{organization}";
        Assert.False((await administrator.GetAsync(path)).Body.TryGetProperty("plan", out _));
        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.PatchAsync(path, """{"plan":"enterprise"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await administrator.PatchAsync(path, """{"quotas":{}}""", "*")).Status);

        var given = await Instance.PatchAsync(path, """{"plan":"pro","quotas":{"dailyCalls":100,"monthlySpend":12.5,"mode":"hard"}}""", "*");

        Assert.Equal("pro", given.Body.GetProperty("plan").GetString());
        Assert.Equal("""{"dailyCalls":100,"monthlySpend":12.5,"mode":"hard"}""", given.Body.GetProperty("quotas").GetRawText());
        var changed = await Instance.PatchAsync(path, """{"plan":null,"quotas":{"dailyCalls":null}}""", "*");
        Assert.False(changed.Body.TryGetProperty("plan", out _));
        Assert.Equal("""{"monthlySpend":12.5,"mode":"hard"}""", changed.Body.GetProperty("quotas").GetRawText());
    }

    [Fact]
    public async Task What_is_wrong_with_quotas_is_told_by_its_place()
    {
        var (organization, _, _) = await NewTenantAsync("acme");
        var bad = await Instance.PatchAsync(
            $"/organizations/{organization}", """{"plan":1,"quotas":{"dailyCalls":-1,"monthlyCalls":"many","monthlySpend":1e12,"mode":"lax"}}""", "*");

        Assert.Equal(
            ["/plan", "/quotas/dailyCalls", "/quotas/mode", "/quotas/monthlyCalls", "/quotas/monthlySpend"], bad.Pointers.Order(StringComparer.Ordinal));
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PatchAsync($"/organizations/{organization}", """{"plan":"nameless"}""", "*")).Status);
    }

    [Fact]
    public async Task Plans_are_changed_and_added_and_stay_while_somebody_has_them()
    {
        var (organization, _, _) = await NewTenantAsync("acme");
        var before = (await Instance.GetAsync("/settings")).Body.GetProperty("plans");
        Assert.Equal(["enterprise", "free", "pro", "team"], before.EnumerateObject().Select(plan => plan.Name));

        var after = await Instance.PatchAsync("/settings", """{"plans":{"free":{"dailyCalls":5},"gold":{"monthlyCalls":7,"mode":"soft"}}}""", "*");

        Assert.Equal("""{"dailyCalls":5}""", after.Body.GetProperty("plans").GetProperty("free").GetRawText());
        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync($"/organizations/{organization}", """{"plan":"gold"}""", "*")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Instance.PatchAsync("/settings", """{"plans":{"gold":null}}""", "*")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync($"/organizations/{organization}", """{"plan":null}""", "*")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Instance.PatchAsync("/settings", """{"plans":{"gold":null}}""", "*")).Status);
    }
}
