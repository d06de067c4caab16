using NativeGateway.Model;

namespace NativeGateway.Tests.Model;

public class SnapshotBuilderTests
{
    private static readonly Guid Org = Guid.NewGuid();
    private static readonly Guid Home = Guid.NewGuid();

    private static readonly OrganizationConfig Organization = new(Org, "acme", false, [], null);
    private static readonly WorkspaceConfig Workspace = new(Home, Org, "default", "Be nice.");

    [Fact]
    public void A_registry_is_compiled_into_workspaces_and_callers()
    {
        var registry = Registry() with
        {
            Revision = 42,
            Organizations = [Organization with { AllowedNetworks = ["10.0.0.0/8"], Limits = new(100, 10) }],
            Upstreams = [Http("b") with { Order = 2 }, Http("a") with { Order = 2 }, Http("first") with { Order = 1 }, Http("off") with { Disabled = true }],
            Keys = [Key() with { Permissions = PermissionConfig.Everything with { Servers = new(["a"], []) }, ToolLimits = Limits("x_*", 5) }],
        };

        var snapshot = Build(registry);

        Assert.Equal(42, snapshot.Revision);
        var workspace = snapshot.Workspaces[Home];
        Assert.Equal(["first", "a", "b"], workspace.Upstreams.Select(upstream => upstream.Key));
        Assert.Equal("Be nice.", workspace.Instructions);
        Assert.True(workspace.ByName.TryGet("a"u8, out var byKey));
        Assert.True(workspace.ByName.TryGet(System.Text.Encoding.ASCII.GetBytes(byKey.Id.ToString()), out var byId));
        Assert.Same(byKey, byId);
        Assert.False(workspace.ByName.TryGet("off"u8, out _));
        Assert.Equal("a__"u8.ToArray(), byKey.NamePrefix);

        Assert.True(snapshot.Callers.TryGet("abcdefghijkl"u8, out var caller));
        Assert.Same(workspace, caller.Workspace);
        Assert.Equal(GatewaySettings.Default.KeyLimits, caller.Limits);
        Assert.Equal(new LimitConfig(100, 10), caller.OrganizationLimits);
        Assert.True(caller.Permissions.AllowsServer(byKey));
        Assert.False(caller.Permissions.AllowsServer(workspace.Upstreams[0]));
        Assert.True(caller.AllowedNetworks!.Contains(System.Net.IPAddress.Parse("10.1.1.1")));
        Assert.Equal("x_*", Assert.Single(caller.ToolLimits).Glob);
        Assert.Null(snapshot.Anonymous);
    }

    [Fact]
    public void The_prefix_of_exposed_names_is_the_key_unless_another_or_none_is_given()
    {
        var snapshot = Build(Registry() with { Upstreams = [Http("a"), Http("b") with { Prefix = "bee" }, Http("c") with { Prefix = "" }] });

        Assert.Equal(["a__", "bee__", ""], snapshot.Workspaces[Home].Upstreams.Select(upstream => System.Text.Encoding.ASCII.GetString(upstream.NamePrefix)));
    }

    [Fact]
    public void File_entries_live_in_the_workspace_of_the_first_start_whatever_else_there_is()
    {
        var first = new OrganizationConfig(Guid.NewGuid(), "a first name", false, [], null);
        var registry = Registry() with
        {
            Organizations = [first, DefaultTenant.Organization with { Name = "renamed" }],
            Workspaces = [new(Guid.NewGuid(), first.Id, "default", null), DefaultTenant.Workspace with { Name = "renamed" }],
        };

        var snapshot = Build(registry, [FileHttp("f")], []);

        Assert.Equal("f", Assert.Single(snapshot.Workspaces[DefaultTenant.WorkspaceId].Upstreams).Key);
    }

    [Fact]
    public void Of_several_tenants_none_is_guessed_to_be_the_files()
    {
        var other = new OrganizationConfig(Guid.NewGuid(), "other", false, [], null);
        var registry = Registry() with { Organizations = [Organization, other] };

        Assert.Contains("no default workspace", Assert.Single(Faults(registry, [FileHttp("f")])), StringComparison.Ordinal);
    }

    [Fact]
    public void File_entries_live_in_the_default_workspace_of_a_lone_organization()
    {
        var registry = Registry() with { Workspaces = [new(Guid.NewGuid(), Org, "aaa", null), Workspace] };

        var snapshot = Build(registry, [FileHttp("f")], [FileKey()], anonymous: true);

        Assert.Equal("f", Assert.Single(snapshot.Workspaces[Home].Upstreams).Key);
        Assert.True(snapshot.Callers.TryGet("mnopqrstuvwx"u8, out var caller));
        Assert.Same(snapshot.Workspaces[Home], caller.Workspace);
        Assert.NotNull(caller.SecretDigest);
        Assert.Same(snapshot.Workspaces[Home], snapshot.Anonymous!.Workspace);
        Assert.Equal(KeyScopes.Mcp, snapshot.Anonymous.Scopes);
    }

    [Fact]
    public void A_gateway_without_a_database_has_one_tenant_of_its_own()
    {
        var first = Build(RegistryConfig.Empty, [FileHttp("f")], [], anonymous: true);
        var second = Build(RegistryConfig.Empty, [FileHttp("f")], [], anonymous: true);

        var workspace = Assert.Single(first.Workspaces.Values);
        Assert.Equal("default", workspace.Name);
        Assert.Single(workspace.Upstreams);
        Assert.Equal(workspace.Id, Assert.Single(second.Workspaces.Values).Id);
    }

    [Fact]
    public void File_entries_need_a_workspace()
    {
        var registry = Registry() with { Workspaces = [] };

        Assert.Contains("no default workspace", Assert.Single(Faults(registry, [FileHttp("f")])), StringComparison.Ordinal);
        Assert.Empty(Faults(registry));
    }

    [Fact]
    public void Of_a_server_or_key_in_file_and_database_the_files_is_used_with_a_warning()
    {
        var registry = Registry() with { Upstreams = [Http("same"), Http("other")], Keys = [Key(), Key("mnopqrstuvwx")] };
        var faults = new List<string>();

        var snapshot = SnapshotBuilder.Build(registry, [FileHttp("same") with { Instructions = "file" }], [FileKey()], GatewaySettings.Default, false, faults);

        Assert.NotNull(snapshot);
        Assert.Equal(2, faults.Count);
        Assert.All(faults, fault => Assert.True(SnapshotBuilder.IsWarning(fault)));
        Assert.Equal(["other", "same"], snapshot.Workspaces[Home].Upstreams.Select(upstream => upstream.Key));
        Assert.Equal("file", snapshot.Workspaces[Home].Upstreams[1].Config.Instructions);
        Assert.True(snapshot.Callers.TryGet("mnopqrstuvwx"u8, out var caller));
        Assert.Equal("from file", caller.Name);
    }

    [Fact]
    public void Expired_and_revoked_keys_stay_in_the_table()
    {
        var snapshot = Build(Registry() with
        {
            Keys = [Key() with { ExpiresAt = DateTimeOffset.UnixEpoch }, Key("bbbbbbbbbbbb") with { RevokedAt = DateTimeOffset.UnixEpoch }],
        });

        Assert.Equal(2, snapshot.Callers.Count);
    }

    [Fact]
    public void A_key_whose_workspace_is_gone_has_none()
    {
        var snapshot = Build(Registry() with { Keys = [Key() with { WorkspaceId = Guid.NewGuid() }] });

        Assert.Null(Assert.Single(snapshot.Callers.Values).Workspace);
    }

    [Fact]
    public void All_faults_are_found_at_once()
    {
        var registry = Registry() with
        {
            Organizations = [Organization with { AllowedNetworks = ["10.1.0.0/8"] }],
            Upstreams = [Http("a_") with { Timeout = TimeSpan.Zero }, Http("b") with { Endpoints = [] }],
            Keys = [Key() with { Permissions = PermissionConfig.Everything with { Tools = new(["a\u0007"], []) } }],
        };

        Assert.Equal(7, Faults(registry, settings: GatewaySettings.Default with { TrustedProxies = ["10"], KeyLimits = new(0, 1) }).Count);
    }

    [Fact]
    public void Faults_that_others_found_before_do_not_count()
    {
        var faults = new List<string> { "something else" };

        Assert.NotNull(SnapshotBuilder.Build(Registry(), [], [], GatewaySettings.Default, false, faults));
        Assert.Single(faults);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("GitHub-2")]
    [InlineData("my_server")]
    [InlineData("0")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Good_names_of_servers_are_accepted(string name) => Assert.Empty(Faults(Registry() with { Upstreams = [Http(name)] }));

    [Theory]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("_a")]
    [InlineData("a_")]
    [InlineData("a__b")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a.b")]
    [InlineData("ä")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Bad_names_and_prefixes_of_servers_are_refused(string name)
    {
        Assert.Contains("rename the server", Assert.Single(Faults(Registry() with { Upstreams = [Http(name)] })), StringComparison.Ordinal);
        if (name.Length > 0)
        {
            Assert.Contains("prefix", Assert.Single(Faults(Registry() with { Upstreams = [Http("x") with { Prefix = name }] })), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_two_servers_of_a_workspace_may_answer_to_one_name()
    {
        Assert.Contains("named 'a'", Assert.Single(Faults(Registry() with { Upstreams = [Http("a"), Http("a")] })), StringComparison.Ordinal);
        Assert.Contains("'p__…'", Assert.Single(Faults(Registry() with { Upstreams = [Http("a") with { Prefix = "p" }, Http("b") with { Prefix = "p" }] })), StringComparison.Ordinal);
        Assert.Contains("'b__…'", Assert.Single(Faults(Registry() with { Upstreams = [Http("a") with { Prefix = "b" }, Http("b") with { Prefix = "c" }] })), StringComparison.Ordinal);

        Assert.Empty(Faults(Registry() with { Upstreams = [Http("a") with { Prefix = "b" }, Http("b") with { Disabled = true }] }));
        Assert.Empty(Faults(Registry() with { Upstreams = [Http("a") with { Prefix = "" }, Http("b") with { Prefix = "" }] }));

        var second = new WorkspaceConfig(Guid.NewGuid(), Org, "second", null);
        Assert.Empty(Faults(Registry() with { Workspaces = [Workspace, second], Upstreams = [Http("a"), Http("a") with { WorkspaceId = second.Id }] }));
    }

    [Theory]
    [InlineData("ftp://example.com/mcp", "http://")]
    [InlineData("/mcp", "http://")]
    [InlineData("https://user:hush@example.com/mcp", "credentials")]
    [InlineData("https://example.com/mcp#part", "fragment")]
    public void Bad_urls_are_refused_without_showing_them(string url, string word)
    {
        var fault = Assert.Single(Faults(Registry() with { Upstreams = [Http("a") with { Endpoints = [new(new Uri(url, UriKind.RelativeOrAbsolute))] }] }));

        Assert.Contains(word, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transport_needs_what_it_uses()
    {
        var stdio = Http("a") with { Transport = UpstreamTransport.Stdio, Endpoints = [] };

        Assert.Contains("no endpoint", Assert.Single(Faults(Registry() with { Upstreams = [Http("a") with { Endpoints = [] }] })), StringComparison.Ordinal);
        Assert.Contains("no command", Assert.Single(Faults(Registry() with { Upstreams = [stdio] })), StringComparison.Ordinal);
        Assert.Contains("no command", Assert.Single(Faults(Registry() with { Upstreams = [stdio with { Command = Command(" ") }] })), StringComparison.Ordinal);
        Assert.Empty(Faults(Registry() with { Upstreams = [stdio with { Command = Command("node") }] }));
        Assert.Single(Faults(Registry() with { Upstreams = [stdio with { Command = Command("node", "a\0b") }] }));
        Assert.Single(Faults(Registry() with { Upstreams = [stdio with { Command = Command("node") with { Environment = Map("A=B", "x") } }] }));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, true)]
    [InlineData(3_600_001, true)]
    [InlineData(1, false)]
    [InlineData(3_600_000, false)]
    public void Timeouts_are_more_than_nothing_and_at_most_an_hour(int milliseconds, bool refused) =>
        Assert.Equal(refused, Faults(Registry() with { Upstreams = [Http("a") with { Timeout = TimeSpan.FromMilliseconds(milliseconds) }] }).Count == 1);

    [Theory]
    [InlineData("bad name", "x")]
    [InlineData("", "x")]
    [InlineData("X-Good", "hush\r\nX-Evil: 1")]
    public void Headers_that_could_break_a_request_are_refused_without_their_value(string name, string value)
    {
        var fault = Assert.Single(Faults(Registry() with { Upstreams = [Http("a") with { Headers = Map(name, value) }] }));

        Assert.DoesNotContain("hush", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-5, 5)]
    [InlineData(10_000_001, 1)]
    [InlineData(1, 10_000_001)]
    public void Limits_are_within_bounds_wherever_they_stand(int perMinute, int burst)
    {
        var limit = new LimitConfig(perMinute, burst);

        Assert.Single(Faults(Registry() with { Organizations = [Organization with { Limits = limit }] }));
        Assert.Single(Faults(Registry() with { Upstreams = [Http("a") with { Limits = limit }] }));
        Assert.Single(Faults(Registry() with { Keys = [Key() with { Limits = limit }] }));
        Assert.Single(Faults(Registry() with { Keys = [Key() with { ToolLimits = new Dictionary<string, LimitConfig> { ["x"] = limit } }] }));
        Assert.Single(Faults(Registry(), [], [FileKey() with { Limits = limit }]));
        Assert.Single(Faults(Registry(), settings: GatewaySettings.Default with { KeyLimits = limit }));
        Assert.Single(Faults(Registry(), settings: GatewaySettings.Default with { AddressCallLimits = limit }));
        Assert.Single(Faults(Registry(), settings: GatewaySettings.Default with { UserCallLimits = limit }));
        Assert.Single(Faults(Registry(), settings: GatewaySettings.Default with { CredentialLimits = limit }));
    }

    [Fact]
    public void A_key_may_not_act_in_another_organizations_workspace()
    {
        var other = new OrganizationConfig(Guid.NewGuid(), "other", false, [], null);
        var registry = Registry() with { Organizations = [Organization, other], Keys = [Key() with { OrganizationId = other.Id }] };

        Assert.Contains("another organization", Assert.Single(Faults(registry)), StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_without_their_parents_are_refused()
    {
        Assert.Single(Faults(Registry() with { Keys = [Key() with { OrganizationId = Guid.NewGuid() }] }));
        Assert.Single(Faults(Registry() with { Upstreams = [Http("a") with { WorkspaceId = Guid.NewGuid() }] }));
        Assert.Single(Faults(Registry() with { Workspaces = [Workspace, new(Guid.NewGuid(), Guid.NewGuid(), "lost", null)] }));
    }

    [Fact]
    public void Repeated_ids_are_refused()
    {
        var upstream = Http("a");

        Assert.Single(Faults(Registry() with { Upstreams = [upstream, upstream with { Key = "b" }] }));
        Assert.Single(Faults(Registry() with { Keys = [Key(), Key()] }));
        Assert.Single(Faults(Registry(), [], [FileKey(), FileKey()]));
    }

    [Theory]
    [InlineData(null, false, "None")]
    [InlineData("viewer", false, "AdminRead")]
    [InlineData("member", false, "AdminRead, Mcp")]
    [InlineData("owner", false, "AdminRead, AdminWrite, Mcp, Connect")]
    [InlineData("viewer", true, "AdminRead, AdminWrite, Mcp, Connect, Instance")]
    public void A_key_of_a_user_does_no_more_than_the_role_that_the_user_has_there(string? role, bool instance, string expected)
    {
        const KeyScopes All = KeyScopes.AdminRead | KeyScopes.AdminWrite | KeyScopes.Mcp | KeyScopes.Connect | KeyScopes.Instance;
        var user = new UserConfig { Id = Guid.NewGuid(), Email = "a@b", Name = "A", PasswordHash = "", IsInstanceAdministrator = instance };
        var elsewhere = new MemberConfig(Guid.NewGuid(), Guid.NewGuid(), user.Id, Role.Owner, default);
        var registry = Registry() with
        {
            Users = [user],
            Members = role is null ? [elsewhere] : [elsewhere, new(Guid.NewGuid(), Org, user.Id, Roles.Find(role)!.Value, default)],
            Keys = [Key() with { Scopes = All, UserId = user.Id }, Key("of-nobody-12") with { Scopes = All }],
        };

        var snapshot = Build(registry);

        Assert.True(snapshot.Callers.TryGet("abcdefghijkl"u8, out var own));
        Assert.Equal((Enum.Parse<KeyScopes>(expected), user.Id), (own.Scopes, own.UserId));
        Assert.True(snapshot.Callers.TryGet("of-nobody-12"u8, out var others));
        Assert.Equal(All, others.Scopes);
    }

    private static Snapshot Build(RegistryConfig registry, UpstreamConfig[]? upstreams = null, FileKey[]? keys = null, bool anonymous = false)
    {
        var faults = new List<string>();
        var snapshot = SnapshotBuilder.Build(registry, upstreams ?? [], keys ?? [], GatewaySettings.Default, anonymous, faults);
        Assert.Empty(faults);
        return Assert.IsType<Snapshot>(snapshot);
    }

    private static List<string> Faults(RegistryConfig registry, UpstreamConfig[]? upstreams = null, FileKey[]? keys = null, GatewaySettings? settings = null)
    {
        var faults = new List<string>();
        var snapshot = SnapshotBuilder.Build(registry, upstreams ?? [], keys ?? [], settings ?? GatewaySettings.Default, false, faults);
        Assert.Equal(faults.Count == 0, snapshot is not null);
        return faults;
    }

    private static RegistryConfig Registry() => RegistryConfig.Empty with { Organizations = [Organization], Workspaces = [Workspace] };

    private static UpstreamConfig Http(string key) => new()
    {
        Id = Guid.NewGuid(),
        WorkspaceId = Home,
        Key = key,
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints = [new(new Uri("https://example.com/mcp"))],
    };

    private static UpstreamConfig FileHttp(string key) => Http(key) with { WorkspaceId = Guid.Empty, Source = ConfigSource.File, Trusted = true };

    private static KeyConfig Key(string id = "abcdefghijkl") =>
        new() { Id = id, OrganizationId = Org, WorkspaceId = Home, Name = "from database", SecretHash = "$argon2id$…", Scopes = KeyScopes.Mcp };

    private static FileKey FileKey() => new("from file", "mnopqrstuvwx", new byte[32], KeyScopes.Mcp, PermissionConfig.Everything);

    private static CommandConfig Command(string name, params string[] arguments) => new(name, arguments, new Dictionary<string, string>(), null);

    private static Dictionary<string, string> Map(string name, string value) => new() { [name] = value };

    private static Dictionary<string, LimitConfig> Limits(string glob, int perMinute) => new() { [glob] = new(perMinute, perMinute) };
}
