using System.Text;
using NativeGateway.Model;
using NativeGateway.Tests.Hosting.Configuration;

namespace NativeGateway.Tests.ControlPlane.Configuration;

public sealed class UpstreamEntryReaderTests
{
    [Fact]
    public void A_program_is_read_as_clients_write_it()
    {
        var upstream = ConfigText.ReadUpstream(
            """{ "command": "npx", "args": ["-y", "pkg", "${HOME}"], "env": { "TOKEN": "${TOKEN:-none}" }, "cwd": "/srv", "disabled": true }""", ("HOME", "/root"));

        Assert.Equal(UpstreamTransport.Stdio, upstream.Transport);
        Assert.Equal("npx", upstream.Command!.FileName);
        Assert.Equal(["-y", "pkg", "/root"], upstream.Command.Arguments);
        Assert.Equal("none", upstream.Command.Environment["TOKEN"]);
        Assert.Equal("/srv", upstream.Command.WorkingDirectory);
        Assert.True(upstream.Disabled);
    }

    [Fact]
    public void A_remote_server_is_read_with_what_the_gateway_adds()
    {
        var upstream = ConfigText.ReadUpstream(
            """
            {
              "url": "https://example.com/mcp", "type": "http", "headers": { "X-Key": "k", "Content-Type": "application/json" },
              "timeout": "500ms", "tools": { "allow": ["get_*"], "deny": ["*_delete"] }, "prefix": "", "instructions": "Be brief.",
              "costPerCall": 0.25, "limits": { "requestsPerMinute": 60, "burst": 5 }
            }
            """);

        Assert.Equal(UpstreamTransport.StreamableHttp, upstream.Transport);
        Assert.Equal(new Uri("https://example.com/mcp"), Assert.Single(upstream.Endpoints).Url);
        Assert.Equal("X-Key", Assert.Single(upstream.Headers).Key);
        Assert.Equal(TimeSpan.FromMilliseconds(500), upstream.Timeout);
        Assert.Equal(["get_*"], upstream.Tools.Allow);
        Assert.Equal(["*_delete"], upstream.Tools.Deny);
        Assert.Equal(("", "Be brief.", 0.25m), (upstream.Prefix, upstream.Instructions, upstream.CostPerCall));
        Assert.Equal(new LimitConfig(60, 5), upstream.Limits);
    }

    [Fact]
    public void Entries_of_the_file_are_trusted_and_keep_their_id()
    {
        var first = ConfigText.ReadUpstream("""{ "url": "http://127.0.0.1/mcp" }""");
        var second = ConfigText.ReadUpstream("""{ "command": "x" }""");

        Assert.Equal(first.Id, second.Id);
        Assert.NotEqual(Guid.Empty, first.Id);
        Assert.True(first.Trusted);
        Assert.Equal(ConfigSource.File, first.Source);
        Assert.Equal((TimeSpan.FromSeconds(30), null, false), (first.Timeout, first.Prefix, first.Disabled));
    }

    [Theory]
    [InlineData("http", UpstreamTransport.StreamableHttp)]
    [InlineData("streamable-http", UpstreamTransport.StreamableHttp)]
    [InlineData("streamableHttp", UpstreamTransport.StreamableHttp)]
    [InlineData("sse", UpstreamTransport.Sse)]
    internal void The_type_of_a_remote_server_can_be_given(string type, UpstreamTransport transport) =>
        Assert.Equal(transport, ConfigText.ReadUpstream($$"""{ "url": "https://h", "type": "{{type}}" }""").Transport);

    [Fact]
    public void Endpoints_keep_region_priority_and_weight()
    {
        var upstream = ConfigText.ReadUpstream(
            """{ "endpoints": [ { "url": "https://a/mcp", "region": "eu", "weight": 2 }, { "url": "https://b/mcp", "priority": 1 } ] }""");

        Assert.Equal(
            [new EndpointConfig(new Uri("https://a/mcp"), "eu", 0, 2), new EndpointConfig(new Uri("https://b/mcp"), null, 1, 1)],
            upstream.Endpoints);
    }

    [Theory]
    [InlineData("""{ "type": "bearer", "token": "${T}" }""", "Authorization", "Bearer secret")]
    [InlineData("""{ "type": "header", "name": "X-Api-Key", "value": "${T}" }""", "X-Api-Key", "secret")]
    [InlineData("""{ "type": "basic", "username": "me", "password": "${T}" }""", "Authorization", "Basic bWU6c2VjcmV0")]
    public void Authentication_becomes_one_header(string auth, string name, string value)
    {
        var upstream = ConfigText.ReadUpstream($$"""{ "url": "https://h", "auth": {{auth}} }""", ("T", "secret"));

        Assert.Equal(new KeyValuePair<string, string>(name, value), Assert.Single(upstream.Headers));
    }

    [Theory]
    [InlineData("\"none\"")]
    [InlineData("""{ "type": "none" }""")]
    public void No_authentication_is_no_header(string auth) => Assert.Empty(ConfigText.ReadUpstream($$"""{ "url": "https://h", "auth": {{auth}} }""").Headers);

    [Fact]
    public void Without_a_burst_ten_seconds_worth_are_allowed_at_once() =>
        Assert.Equal(new LimitConfig(90, 15), ConfigText.ReadUpstream("""{ "url": "https://h", "limits": { "requestsPerMinute": 90 } }""").Limits);

    [Theory]
    [InlineData("3", "", "must be an object")]
    [InlineData("{}", "", "neither \"command\"")]
    [InlineData("""{ "command": "x", "url": "https://h" }""", "", "has both")]
    [InlineData("""{ "command": "x", "type": "http" }""", ".type", "must be \"stdio\"")]
    [InlineData("""{ "url": "https://h", "type": "stdio" }""", ".type", "needs \"command\"")]
    [InlineData("""{ "url": "https://h", "type": "websocket" }""", ".type", "must be \"stdio\" or")]
    [InlineData("""{ "url": "https://h", "args": [] }""", ".args", "is for servers with \"command\"")]
    [InlineData("""{ "command": "x", "headers": {} }""", ".headers", "is for servers with \"url\"")]
    [InlineData("""{ "command": "x", "auth": "none" }""", ".auth", "is for servers with \"url\"")]
    [InlineData("""{ "command": " " }""", ".command", "must name a program")]
    [InlineData("""{ "command": 5 }""", ".command", "must be a text")]
    [InlineData("""{ "command": "x", "args": "-y" }""", ".args", "must be a list")]
    [InlineData("""{ "command": "x", "args": ["a", 5] }""", ".args[1]", "must be a text")]
    [InlineData("""{ "command": "x", "args": ["a", "b\u0000"] }""", ".args[1]", "NUL")]
    [InlineData("""{ "command": "x", "env": { "A-B": "v" } }""", ".env.A-B", "no name of an environment variable")]
    [InlineData("""{ "command": "x", "env": { "A": 1 } }""", ".env.A", "must be a text")]
    [InlineData("""{ "command": "x", "env": { "A": "1", "A": "2" } }""", ".env.A", "twice")]
    [InlineData("""{ "command": "x", "env": { "A": "${NOT_SET}" } }""", ".env.A", "NOT_SET is not set")]
    [InlineData("""{ "command": "x", "cwd": "a\u0000" }""", ".cwd", "NUL")]
    [InlineData("""{ "url": "example.com/mcp" }""", ".url", "http:// or https://")]
    [InlineData("""{ "url": "ftp://h" }""", ".url", "http:// or https://")]
    [InlineData("""{ "url": "https://user:pw@h" }""", ".url", "\"type\": \"basic\"")]
    [InlineData("""{ "url": "https://h/#x" }""", ".url", "fragment")]
    [InlineData("""{ "url": "https://h", "endpoints": [] }""", ".endpoints", "beside \"url\"")]
    [InlineData("""{ "endpoints": [] }""", ".endpoints", "1 to 32")]
    [InlineData("""{ "endpoints": [ {} ] }""", ".endpoints[0]", "has no \"url\"")]
    [InlineData("""{ "endpoints": [ { "url": "https://a" }, { "url": "https://a/" } ] }""", ".endpoints[1].url", "earlier endpoint")]
    [InlineData("""{ "endpoints": [ { "url": "https://a", "weight": 0 } ] }""", ".endpoints[0].weight", "from 1")]
    [InlineData("""{ "endpoints": [ { "url": "https://a", "priority": -1 } ] }""", ".endpoints[0].priority", "from 0")]
    [InlineData("""{ "endpoints": [ { "url": "https://a", "zone": "x" } ] }""", ".endpoints[0].zone", "not known here")]
    [InlineData("""{ "url": "https://h", "loadBalancing": "random" }""", ".loadBalancing", "power-of-two")]
    [InlineData("""{ "url": "https://h", "healthCheck": { "interval": 60 } }""", ".healthCheck.interval", "a number with a unit")]
    [InlineData("""{ "url": "https://h", "healthCheck": "often" }""", ".healthCheck", "must be an object")]
    [InlineData("""{ "url": "https://h", "limits": { "maxConcurrent": 0 } }""", ".limits.maxConcurrent", "from 1")]
    [InlineData("""{ "url": "https://h", "timeout": 30 }""", ".timeout", "a number with a unit")]
    [InlineData("""{ "url": "https://h", "timeout": "2h" }""", ".timeout", "must lie between")]
    [InlineData("""{ "url": "https://h", "disabled": "maybe" }""", ".disabled", "true or false")]
    [InlineData("""{ "url": "https://h", "costPerCall": -1 }""", ".costPerCall", "not negative")]
    [InlineData("""{ "url": "https://h", "prefix": "a__b" }""", ".prefix", "rules of a server's name")]
    [InlineData("""{ "url": "https://h", "instructions": 1 }""", ".instructions", "must be a text")]
    [InlineData("""{ "url": "https://h", "tools": { "alow": [] } }""", ".tools.alow", "did you mean \"allow\"")]
    [InlineData("""{ "url": "https://h", "tools": { "deny": [""] } }""", ".tools.deny[0]", "1 to 256 characters")]
    [InlineData("""{ "url": "https://h", "limits": { "burst": 3 } }""", ".limits", "no \"requestsPerMinute\"")]
    [InlineData("""{ "serverUrl": "https://h" }""", ".serverUrl", "did you mean \"url\"")]
    [InlineData("""{ "url": "https://h", "headers": { "A B": "x" } }""", ".headers['A B']", "no header name")]
    [InlineData("""{ "url": "https://h", "headers": { "Host": "x" } }""", ".headers.Host", "which the gateway sets itself")]
    [InlineData("""{ "url": "https://h", "headers": { "X-Forwarded-For": "x" } }""", ".headers.X-Forwarded-For", "which the gateway sets itself")]
    [InlineData("""{ "url": "https://h", "headers": { "X": "a\r\nb" } }""", ".headers.X", "printable ASCII")]
    [InlineData("""{ "url": "https://h", "headers": { "X": "ü" } }""", ".headers.X", "printable ASCII")]
    [InlineData("""{ "url": "https://h", "headers": { "X": "1", "x": "2" } }""", ".headers.x", "another spelling")]
    [InlineData("""{ "url": "https://h", "auth": {} }""", ".auth", "has no \"type\"")]
    [InlineData("""{ "url": "https://h", "auth": "bearer" }""", ".auth", "must be \"none\"")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "digest" } }""", ".auth.type", "must be \"none\" or")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "bearer" } }""", ".auth", "has no \"token\"")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "bearer", "token": "" } }""", ".auth.token", "must not be empty")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "bearer", "token": "a\nb" } }""", ".auth.token", "printable ASCII")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "bearer", "token": "a", "value": "b" } }""", ".auth.value", "does not belong")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "header", "name": "Host", "value": "b" } }""", ".auth.name", "which the gateway sets itself")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "basic", "username": "a:b", "password": "c" } }""", ".auth.username", "colon")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "oauth", "clientId": "x" } }""", ".auth.type", "not available yet")]
    [InlineData("""{ "url": "https://h", "auth": "oauth" }""", ".auth", "not available yet")]
    [InlineData("""{ "url": "https://h", "auth": { "type": "bearer", "token": "a" }, "headers": { "authorization": "b" } }""", ".auth", "keep one of the two")]
    public void A_fault_names_its_path_and_what_to_do(string entry, string path, string advice)
    {
        var faults = ConfigText.Read($$"""{ "mcpServers": { "it": {{entry}} } }""").Faults;

        Assert.Contains(faults, fault => fault.Where == "$.mcpServers.it" + path && fault.Message.Contains(advice, StringComparison.Ordinal));
    }

    [Fact]
    public void A_header_longer_than_8_KB_is_refused()
    {
        var fault = Assert.Single(ConfigText.Read($$"""{ "mcpServers": { "it": { "url": "https://h", "headers": { "X": "{{new string('a', 8193)}}" } } } }""").Faults);

        Assert.Contains("8 KB", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_accepted_but_not_meant_so_is_told()
    {
        var warning = Assert.Single(ConfigText.ReadWhole("""{ "mcpServers": { "it": { "url": "https://h", "headers": { "Accept": "x" } } } }""").Warnings);

        Assert.Equal("$.mcpServers.it.headers.Accept", warning.Where);
        Assert.Contains("set by the gateway itself", warning.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "url": "https://h" }""", LoadBalancing.PowerOfTwo, 60)]
    [InlineData("""{ "url": "https://h", "loadBalancing": "power-of-two", "healthCheck": { "interval": "90s" } }""", LoadBalancing.PowerOfTwo, 90)]
    [InlineData("""{ "url": "https://h", "loadBalancing": "round-robin", "healthCheck": true }""", LoadBalancing.RoundRobin, 60)]
    [InlineData("""{ "url": "https://h", "loadBalancing": "first", "healthCheck": false }""", LoadBalancing.First, null)]
    public void How_calls_are_spread_and_how_often_idle_endpoints_are_asked_can_be_said(string entry, object balancing, int? seconds)
    {
        var upstream = ConfigText.ReadUpstream(entry);

        Assert.Equal(balancing, upstream.LoadBalancing);
        Assert.Equal(seconds, (int?)upstream.HealthInterval?.TotalSeconds);
    }

    [Fact]
    public void The_calls_at_once_stand_among_the_limits()
    {
        Assert.Equal(1024, ConfigText.ReadUpstream("""{ "url": "https://h" }""").MaxConcurrent);
        var upstream = ConfigText.ReadUpstream("""{ "command": "x", "limits": { "maxConcurrent": 8 } }""");
        Assert.Equal((8, null), (upstream.MaxConcurrent, upstream.Limits));
    }

    [Theory]
    [InlineData("""{ "url": "https://h/sse" }""")]
    [InlineData("""{ "url": "https://h/sse", "type": "sse" }""")]
    public void Servers_of_the_older_http_transport_are_accepted_without_a_word(string entry) =>
        Assert.Empty(ConfigText.ReadWhole($$"""{ "mcpServers": { "it": {{entry}} } }""").Warnings);

    [Fact]
    public void Free_names_of_desktop_clients_become_valid_and_are_told()
    {
        var file = ConfigText.ReadWhole("""{ "mcpServers": { "My Server": { "command": "x" } } }""");

        Assert.Equal("My-Server", Assert.Single(file.Registry.Upstreams).Key);
        var warning = Assert.Single(file.Warnings);
        Assert.Equal("$.mcpServers['My Server']", warning.Where);
        Assert.Contains("\"My-Server\"", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_names_that_become_the_same_are_refused()
    {
        var fault = Assert.Single(ConfigText.Read("""{ "mcpServers": { "my server": { "command": "x" }, "my.server": { "command": "y" } } }""").Faults);

        Assert.Equal("$.mcpServers['my.server']", fault.Where);
        Assert.Contains("$.mcpServers['my server']", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_is_put_in_is_taken_as_it_is()
    {
        var upstream = ConfigText.ReadUpstream("""{ "url": "https://h", "headers": { "X": "$${A} ${B}" } }""", ("B", "${C}"));

        Assert.Equal("${A} ${C}", upstream.Headers["X"]);
        Assert.Equal(9, Encoding.ASCII.GetByteCount(upstream.Headers["X"]));
    }
}
