using NativeGateway.Model;
using NativeGateway.Tests.Hosting.Configuration;

namespace NativeGateway.Tests.ControlPlane.Configuration;

public sealed class AuditSettingsTests
{
    [Fact]
    public void Entries_are_kept_as_long_as_the_file_says_or_a_year()
    {
        var kept = ConfigText.ReadWhole("""{"audit":{"retention":"30d"}}""").Registry.Settings.ApplyTo(GatewaySettings.Default);

        Assert.Equal(TimeSpan.FromDays(30), kept.AuditRetention);
        Assert.Equal(TimeSpan.FromDays(365), ConfigText.ReadWhole("""{"audit":{}}""").Registry.Settings.ApplyTo(GatewaySettings.Default).AuditRetention);
    }
}
