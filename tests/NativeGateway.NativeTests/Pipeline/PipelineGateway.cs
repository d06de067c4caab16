using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>One gateway with a key for every verdict of the pipeline, shared by the tests of its stages.</summary>
public sealed class PipelineGateway : IAsyncLifetime
{
    public const int MaxRequestBytes = 65536;

    internal LegacyUpstream Upstream { get; } = new();

    internal GatewayProcess Gateway { get; private set; } = null!;

    /// <summary>May do everything that MCP is.</summary>
    internal string Plain { get; private set; } = "";

    /// <summary>Reads the administration and has no MCP scope.</summary>
    internal string Administrative { get; private set; } = "";

    /// <summary>May use the server <c>other</c> only.</summary>
    internal string OtherServer { get; private set; } = "";

    /// <summary>May not use the tool <c>fail</c>, the prompt <c>secret_prompt</c>, resources under <c>test://closed/</c>.</summary>
    internal string Restricted { get; private set; } = "";

    internal string Expired { get; private set; } = "";

    /// <summary>Has one call in its bucket, then one in a minute; may not use the tool <c>fail</c>.</summary>
    internal string OneCall { get; private set; } = "";

    /// <summary>Like <see cref="OneCall"/>, with two calls.</summary>
    internal string TwoCalls { get; private set; } = "";

    /// <summary>Like <see cref="TwoCalls"/>, for the test that uses it up.</summary>
    internal string UsedUp { get; private set; } = "";

    /// <summary>A well-formed key that no gateway knows.</summary>
    internal string Unknown { get; private set; } = "";

    /// <summary>Where the upstream is: no answer may show it.</summary>
    internal string UpstreamAddress => $":{Upstream.Port}";

    public async Task InitializeAsync()
    {
        (Plain, Administrative, OtherServer, Restricted, OneCall, TwoCalls, UsedUp, Unknown) = await TestKeys.GetAsync() switch
        {
            [var a, var b, var c, var d, var e, var f, var g, var h, ..] => (a, b, c, d, e, f, g, h),
            _ => throw new InvalidOperationException("Too few keys."),
        };
        Gateway = await GatewayProcess.StartAsync(new GatewayConfig
        {
            Servers =
            [
                ("up", GatewayConfig.Entry(Upstream)),
                ("other", GatewayConfig.Entry(Upstream)),
                ("slow", GatewayConfig.Entry(Upstream, """, "timeout": "300ms" """)),
                ("dead", GatewayConfig.Entry(ClosedPort.Url)),
                ("off", GatewayConfig.Entry(Upstream, """, "disabled": true """)),
            ],
            Keys =
            [
                GatewayConfig.Key(Plain),
                GatewayConfig.Key(Administrative, """, "scopes": ["admin:read"] """),
                GatewayConfig.Key(OtherServer, """, "servers": { "allow": ["other"] } """),
                GatewayConfig.Key(Restricted, """
                    , "tools": { "deny": ["fail"] }, "prompts": { "deny": ["secret_prompt"] }, "resources": { "deny": ["test://closed/*"] }
                    """),
                GatewayConfig.Key(OneCall, """, "limits": { "requestsPerMinute": 1, "burst": 1 }, "tools": { "deny": ["fail"] } """),
                GatewayConfig.Key(TwoCalls, """, "limits": { "requestsPerMinute": 1, "burst": 2 } """),
                GatewayConfig.Key(UsedUp, """, "limits": { "requestsPerMinute": 1, "burst": 2 } """),
            ],
            MoreLimits = $"\"maxRequestBytes\": {MaxRequestBytes}",
        });
        Expired = await Gateway.CreateKeyAsync("expired", "--expires", "2020-01-01T00:00:00Z");
    }

    public async Task DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}
