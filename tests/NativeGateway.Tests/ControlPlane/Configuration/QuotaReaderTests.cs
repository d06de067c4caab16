using NativeGateway.Model;
using NativeGateway.Tests.Hosting.Configuration;

namespace NativeGateway.Tests.ControlPlane.Configuration;

public sealed class QuotaReaderTests
{
    [Fact]
    public void Plans_of_the_file_stand_above_the_built_in_ones()
    {
        var settings = ConfigText.ReadWhole("""{"plans":{"free":{"dailyCalls":5},"gold":{"monthlyCalls":7,"monthlySpend":1.5,"mode":"soft"}}}""")
            .Registry.Settings.ApplyTo(GatewaySettings.Default);

        Assert.Equal(["enterprise", "free", "gold", "pro", "team"], settings.Plans.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(new QuotaConfig(DailyCalls: 5), settings.Plans["free"]);
        Assert.Equal(new QuotaConfig(null, 7, 1.5m, true), settings.Plans["gold"]);
        Assert.Equal(BuiltInPlans.All["team"], settings.Plans["team"]);
    }

    [Theory]
    [InlineData("""{"a b":{}}""", "$.plans['a b']", "name")]
    [InlineData("""{"a":{"dailyCalls":-1}}""", "$.plans.a.dailyCalls", "whole number")]
    [InlineData("""{"a":{"mode":"lax"}}""", "$.plans.a.mode", "\"hard\" or \"soft\"")]
    [InlineData("""{"a":{"monthlySpend":1000000001}}""", "$.plans.a.monthlySpend", "at most")]
    [InlineData("""{"a":{"yearlyCalls":1}}""", "$.plans.a.yearlyCalls", "not known")]
    public void A_fault_names_its_place(string plans, string path, string problem)
    {
        var fault = Assert.Single(ConfigText.Read($$"""{"plans":{{plans}}}""").Faults);

        Assert.Equal(path, fault.Where);
        Assert.Contains(problem, fault.Message, StringComparison.Ordinal);
    }
}
