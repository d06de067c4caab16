using System.Text;
using NativeGateway.Hosting.Configuration;
using NativeGateway.Model;

namespace NativeGateway.Tests.Hosting.Configuration;

public sealed class ConfigFileReaderTests
{
    [Fact]
    public void A_document_with_everything_is_read()
    {
        var file = ConfigText.ReadWhole(
            """
            {
              // comments and trailing commas are allowed
              "$schema": "https://example.com/schema.json",
              "listen": ["http://127.0.0.1:12006"],
              "database": "sqlite:data/gateway.db",
              "data": "/var/lib/gateway", "stateless": true, "shutdownTimeout": "10s",
              "logging": { "level": "debug", "format": "json" },
              "tls": { "certificate": "a.pem", "key": "b.pem" },
              "mcpServers": {
                "echo":   { "command": "samples/echo", "args": ["-v"], "env": { "TOKEN": "${ECHO_TOKEN}" }, "cwd": "/srv" },
                "github": { "url": "https://example.com/mcp", "headers": { "Authorization": "Bearer ${GITHUB_TOKEN}" } },
                "legacy": { "url": "https://example.com/sse", "type": "sse" },
                "pool":   { "endpoints": [ { "url": "https://a/mcp", "region": "eu", "priority": 0, "weight": 2 }, { "url": "https://b/mcp", "region": "us", "priority": 1 } ],
                            "loadBalancing": "power-of-two", "timeout": "30s", "healthCheck": { "interval": "60s" } },
              },
              "auth":   { "required": true, "keys": [] },
              "limits": { "requestsPerMinute": 600, "burst": 100, "address": { "requestsPerMinute": 1200 }, "user": { "requestsPerMinute": 900, "burst": 50 }, "maxRequestBytes": 4194304, "maxConcurrentRequests": 10000 },
              "network": { "allowPrivateUpstreams": false, "allowedOrigins": ["https://app.example.com"], "trustedProxies": ["10.0.0.0/8"] },
              "stdio":  { "allowedCommands": ["node"], "maxProcesses": 3 }
            }
            """,
            ("ECHO_TOKEN", "e1"),
            ("GITHUB_TOKEN", "g1"));

        Assert.Equal(["http://127.0.0.1:12006"], file.Options.Listen!);
        Assert.Equal("sqlite:data/gateway.db", file.Options.Database);
        Assert.Equal("/var/lib/gateway", file.Options.Data);
        Assert.True(file.Options.Stateless);
        Assert.Equal(TimeSpan.FromSeconds(10), file.Options.ShutdownTimeout);
        Assert.Equal(("debug", "json"), (file.Options.LogLevel, file.Options.LogFormat));
        Assert.Equal(("a.pem", "b.pem"), (file.Options.Certificate, file.Options.CertificateKey));
        Assert.Equal(["echo", "github", "legacy", "pool"], file.Registry.Upstreams.Select(upstream => upstream.Key));
        Assert.Equal([0, 1, 2, 3], file.Registry.Upstreams.Select(upstream => upstream.Order));
        var settings = file.Registry.Settings.ApplyTo(GatewaySettings.Default);
        Assert.Equal(new LimitConfig(600, 100), settings.KeyLimits);
        Assert.Equal(new LimitConfig(1200, 200), settings.AddressCallLimits);
        Assert.Equal(new LimitConfig(900, 50), settings.UserCallLimits);
        Assert.Equal((4194304, 10000, 3), (settings.MaxRequestBytes, settings.MaxConcurrentRequests, settings.MaxProcesses));
        Assert.Equal(["https://app.example.com"], settings.AllowedOrigins);
        Assert.Equal(["10.0.0.0/8"], settings.TrustedProxies);
        Assert.Equal(["node"], settings.AllowedCommands);
        Assert.True(settings.AuthRequired);
    }

    [Fact]
    public void What_the_file_does_not_say_is_left_to_the_defaults()
    {
        var file = ConfigText.ReadWhole("{}");

        Assert.Equal(new StartOptions(), file.Options);
        Assert.Empty(file.Registry.Upstreams);
        Assert.Equal(GatewaySettings.Default, file.Registry.Settings.ApplyTo(GatewaySettings.Default));
    }

    [Theory]
    [InlineData("""{ "lisen": [] }""", "$.lisen", "did you mean \"listen\"")]
    [InlineData("""{ "mcpserver": {} }""", "$.mcpserver", "did you mean \"mcpServers\"")]
    [InlineData("""{ "zzzzzzzz": {} }""", "$.zzzzzzzz", "known are")]
    [InlineData("""{ "limits": { "burts": 1 } }""", "$.limits.burts", "did you mean \"burst\"")]
    [InlineData("""{ "limits": 3 }""", "$.limits", "must be an object")]
    [InlineData("""{ "limits": {}, "limits": {} }""", "$.limits", "stands here twice")]
    [InlineData("""{ "limits": { "burst": 1 } }""", "$.limits", "requestsPerMinute")]
    [InlineData("""{ "limits": { "requestsPerMinute": 0 } }""", "$.limits.requestsPerMinute", "from 1 to 10000000")]
    [InlineData("""{ "limits": { "requestsPerMinute": 1.5 } }""", "$.limits.requestsPerMinute", "whole number")]
    [InlineData("""{ "limits": { "requestsPerMinute": 1, "burst": "x" } }""", "$.limits.burst", "whole number")]
    [InlineData("""{ "limits": { "maxRequestBytes": 1 } }""", "$.limits.maxRequestBytes", "from 1024")]
    [InlineData("""{ "limits": { "maxConcurrentRequests": -1 } }""", "$.limits.maxConcurrentRequests", "from 1")]
    [InlineData("""{ "network": { "allowedOrigins": ["example.com"] } }""", "$.network.allowedOrigins[0]", "must be an origin")]
    [InlineData("""{ "network": { "allowedOrigins": ["https://a", "https://b/"] } }""", "$.network.allowedOrigins[1]", "must be an origin")]
    [InlineData("""{ "network": { "trustedProxies": ["10.0.0.0/8", "ten"] } }""", "$.network.trustedProxies[1]", "block of addresses")]
    [InlineData("""{ "network": { "allowPrivateUpstreams": "maybe" } }""", "$.network.allowPrivateUpstreams", "true or false")]
    [InlineData("""{ "stdio": { "allowedCommands": "node" } }""", "$.stdio.allowedCommands", "must be a list")]
    [InlineData("""{ "stdio": { "allowedCommands": ["node", " "] } }""", "$.stdio.allowedCommands[1]", "must name a program")]
    [InlineData("""{ "stdio": { "maxProcesses": 0 } }""", "$.stdio.maxProcesses", "from 1")]
    [InlineData("""{ "auth": { "required": 1 } }""", "$.auth.required", "true or false")]
    [InlineData("""{ "auth": { "keys": {} } }""", "$.auth.keys", "must be a list")]
    [InlineData("""{ "auth": { "keyz": [] } }""", "$.auth.keyz", "did you mean \"keys\"")]
    [InlineData("""{ "listen": 8080 }""", "$.listen", "must be a list")]
    [InlineData("""{ "listen": [8080] }""", "$.listen[0]", "must be a text")]
    [InlineData("""{ "database": {} }""", "$.database", "must be a text")]
    [InlineData("""{ "database": "${NOT_SET}" }""", "$.database", "NOT_SET is not set")]
    [InlineData("""{ "shutdownTimeout": 30 }""", "$.shutdownTimeout", "a number with a unit")]
    [InlineData("""{ "shutdownTimeout": "2h" }""", "$.shutdownTimeout", "between 0ms and 3600s")]
    [InlineData("""{ "stateless": [] }""", "$.stateless", "true or false")]
    [InlineData("""{ "logging": { "lvl": "debug" } }""", "$.logging.lvl", "did you mean \"level\"")]
    [InlineData("""{ "tls": { "certificate": "a" } }""", "$.tls", "has no \"key\"")]
    [InlineData("""{ "tls": {} }""", "$.tls", "has no \"certificate\"")]
    [InlineData("""{ "mcpServers": [] }""", "$.mcpServers", "must be an object")]
    [InlineData("[]", "$", "must be an object")]
    public void A_fault_names_its_path_and_what_to_do(string json, string path, string advice)
    {
        var faults = ConfigText.Read(json).Faults;

        Assert.Contains(faults, fault => fault.Where == path && fault.Message.Contains(advice, StringComparison.Ordinal));
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var faults = ConfigText.Read(
            """
            { "listn": [], "limits": { "burst": 1 }, "mcpServers": { "a": { "url": "ftp://x" }, "b": {}, "c": { "command": "x", "timeout": 5 } } }
            """).Faults;

        Assert.Equal(["$.listn", "$.limits", "$.mcpServers.a.url", "$.mcpServers.b", "$.mcpServers.c.timeout"], faults.Select(fault => fault.Where).OrderBy(Position));
    }

    [Theory]
    [InlineData("", 1, 1, "empty")]
    [InlineData("  \n ", 2, 2, "empty")]
    [InlineData("{ \"listen\": [,] }", 1, 14, "not valid JSON")]
    [InlineData("{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3, "comma")]
    [InlineData("{\n  \"ä ö ü\": x\n}", 2, 12, "not valid JSON")]
    [InlineData("{ \"a\": 1 } }", 1, 12, "not valid JSON")]
    public void A_syntax_error_has_line_and_column(string json, int line, int column, string advice)
    {
        var fault = Assert.Single(ConfigText.Read(json).Faults);

        Assert.Equal($"line {line}, column {column}", fault.Where);
        Assert.Contains(advice, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_in_another_encoding_is_told_as_such()
    {
        var fault = Assert.Single(ConfigFileReader.Read(Encoding.Unicode.GetBytes("{ }"), _ => null).Faults);

        Assert.Contains("line 1", fault.Where, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped() => Assert.Empty(ConfigFileReader.Read("\uFEFF{}"u8.ToArray(), _ => null).Faults);

    [Fact]
    public void A_member_that_is_null_counts_as_absent() => ConfigText.ReadWhole("""{ "listen": null, "limits": { "burst": null }, "mcpServers": null }""");

    [Fact]
    public void Numbers_and_switches_can_come_from_variables()
    {
        var file = ConfigText.ReadWhole(
            """{ "limits": { "requestsPerMinute": "${RATE}" }, "auth": { "required": "${AUTH:-true}" } }""", ("RATE", "60"));

        Assert.Equal(new LimitConfig(60, 10), file.Registry.Settings.KeyLimits);
        Assert.True(file.Registry.Settings.AuthRequired);
    }

    [Fact]
    public void Paths_quote_unusual_names_and_hide_what_looks_like_a_key()
    {
        var faults = ConfigText.Read("""{ "my server": 1, "it's": 1, "ngw_abcdefghijkl_secret": 1, "a\nb": 1 }""").Faults;

        Assert.Equal(["$['my server']", "$['it\\'s']", "$['ngw_…']", "$['a\uFFFDb']"], faults.Select(fault => fault.Where));
    }

    [Fact]
    public void No_fault_or_warning_shows_a_configured_value()
    {
        const string Planted = "s3cr3t-Pl4nted";
        var file = ConfigText.Read(
            $$"""
            {
              "listen": ["{{Planted}}", {"{{Planted}}x": 1}], "database": ["{{Planted}}"], "shutdownTimeout": "{{Planted}}", "stateless": "{{Planted}}",
              "logging": "{{Planted}}", "tls": ["{{Planted}}"],
              "mcpServers": {
                "a": { "url": "http://user:{{Planted}}@host/mcp", "timeout": "{{Planted}}", "disabled": "{{Planted}}", "costPerCall": "{{Planted}}" },
                "b": { "url": "{{Planted}}", "type": "{{Planted}}" },
                "c": { "url": "https://h/mcp?key={{Planted}}#{{Planted}}", "headers": { "Bad Name": "{{Planted}}", "X": "{{Planted}}\n", "Host": "${TOKEN}", "Accept": "{{Planted}}" } },
                "d": { "url": "https://h/sse?key={{Planted}}", "auth": { "type": "basic", "username": "{{Planted}}:", "password": "{{Planted}}" } },
                "e": { "url": "https://h", "auth": { "type": "{{Planted}}", "token": "{{Planted}}" }, "headers": { "Authorization": "${TOKEN" } },
                "f": { "command": "{{Planted}}\u0000", "args": ["{{Planted}}\u0000"], "env": { "A B": "{{Planted}}", "C": "{{Planted}}\u0000" }, "prefix": "{{Planted}} " },
                "g": { "endpoints": [ { "url": "ftp://{{Planted}}" }, { "url": "https://x/{{Planted}}", "weight": "{{Planted}}" }, { "url": "https://x/{{Planted}}" } ], "loadBalancing": "{{Planted}}" },
                "h": { "url": "https://h", "auth": "{{Planted}}", "tools": { "allow": ["", "{{Planted}}"] }, "limits": { "burst": "{{Planted}}" } }
              },
              "auth": { "required": "{{Planted}}", "keys": ["{{Planted}}", { "key": "ngw_{{Planted}}", "scopes": ["{{Planted}}"] }, { "name": "{{Planted}}" }] },
              "limits": { "requestsPerMinute": "{{Planted}}", "maxRequestBytes": "{{Planted}}" },
              "network": { "allowedOrigins": ["{{Planted}}"], "trustedProxies": ["{{Planted}}"], "allowPrivateUpstreams": "{{Planted}}" },
              "stdio": { "allowedCommands": ["{{Planted}}\u0000"] }
            }
            """,
            ("TOKEN", Planted));

        Assert.True(file.Faults.Count > 30, $"only {file.Faults.Count} faults");
        Assert.All([.. file.Faults, .. file.Warnings], told => Assert.DoesNotContain(Planted, told.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void What_needs_a_restart_is_named()
    {
        var before = ConfigText.ReadWhole("""{ "listen": ["http://127.0.0.1:1"], "logging": { "level": "info" } }""").Options;
        var after = ConfigText.ReadWhole("""{ "listen": ["http://127.0.0.1:2"], "database": "sqlite:x", "logging": { "level": "debug" } }""").Options;

        Assert.Equal(["listen", "database", "logging"], after.DifferencesFrom(before));
        Assert.Empty(after.DifferencesFrom(after with { Listen = ["http://127.0.0.1:2"] }));
    }

    private static int Position(string path) => path[2] switch { 'l' when path == "$.listn" => 0, 'l' => 1, _ => path[13] - 'a' + 2 };
}
