using NativeGateway.Model;
using NativeGateway.Tests.Hosting.Configuration;

namespace NativeGateway.Tests.ControlPlane.Configuration;

public sealed class UsageSettingsReaderTests
{
    [Fact]
    public void What_is_left_out_keeps_its_default()
    {
        Assert.Null(ConfigText.ReadWhole("{}").Registry.Settings.Usage);
        Assert.Equal(UsageSettings.Default, ConfigText.ReadWhole("""{"usage":{}}""").Registry.Settings.Usage);
        Assert.Equal(
            UsageSettings.Default with { Retention = UsageSettings.Default.Retention with { Minutes = TimeSpan.FromDays(2) } },
            ConfigText.ReadWhole("""{"usage":{"retention":{"minutes":"2d"}}}""").Registry.Settings.Usage);
    }

    [Fact]
    public void Everything_can_be_set()
    {
        var settings = ConfigText.ReadWhole("""{"usage":{"flushInterval":"2s","retention":{"minutes":"1d","hours":"30d","days":"365d","failures":"3d"}}}""")
            .Registry.Settings.Usage;

        Assert.Equal(
            new UsageSettings
            {
                FlushInterval = TimeSpan.FromSeconds(2),
                Retention = new UsageRetention(TimeSpan.FromDays(1), TimeSpan.FromDays(30), TimeSpan.FromDays(365), TimeSpan.FromDays(3)),
            },
            settings);
    }

    [Theory]
    [InlineData("""{"flushInterval":"1ms"}""", "$.usage.flushInterval", "between")]
    [InlineData("""{"flushInterval":5}""", "$.usage.flushInterval", "a number with a unit")]
    [InlineData("""{"retention":{"minutes":"1h"}}""", "$.usage.retention.minutes", "between")]
    [InlineData("""{"retention":{"hours":"2d"}}""", "$.usage.retention", "at least as long")]
    [InlineData("""{"retention":{"month":"2d"}}""", "$.usage.retention.month", "not known")]
    [InlineData("""{"keep":"2d"}""", "$.usage.keep", "not known")]
    public void A_fault_names_its_place(string usage, string path, string problem)
    {
        var fault = Assert.Single(ConfigText.Read($$"""{"usage":{{usage}}}""").Faults);

        Assert.Equal(path, fault.Where);
        Assert.Contains(problem, fault.Message, StringComparison.Ordinal);
    }
}
