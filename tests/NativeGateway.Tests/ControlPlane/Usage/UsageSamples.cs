using System.Text;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Tests.ControlPlane.Usage;

/// <summary>Requests as the data plane reports them.</summary>
internal static class UsageSamples
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly Guid Acme = new("00000000-0000-0000-0000-00000000000a");

    public static UsageEvent Call(string name = "read") => new()
    {
        At = Start,
        Number = new RequestNumber(0x0123456789abcdef),
        OrganizationId = Acme,
        WorkspaceId = new Guid("00000000-0000-0000-0000-00000000000b"),
        KeyId = "abcdefghijkl",
        Upstream = null,
        Name = Encoding.UTF8.GetBytes(name),
        Method = UsageMethod.ToolCall,
        Outcome = CallOutcome.Ok,
        Status = 200,
        Code = 0,
        Duration = TimeSpan.FromMilliseconds(10),
        UpstreamDuration = TimeSpan.FromMilliseconds(9),
        BytesIn = 100,
        BytesOut = 1_000,
        CostMicros = 2_500,
    };

    public static long Calls(this IEnumerable<UsageRow> rows) => rows.Sum(row => row.Counts[UsageMeasure.Calls]);
}
