using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using NativeGateway.Model;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

/// <summary>Records to store, every field set to something that is not its default unless said otherwise.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset Noon = new(2025, 3, 4, 12, 0, 0, TimeSpan.Zero);

    public static AuditEntry Entry(string action = "key.created") => new()
    {
        At = Noon, Actor = new AuditActor("key", "abcdefABCDEF", "192.0.2.7"), Action = action, ResourceType = "key", ResourceId = "abcdefABCDEF",
    };

    public static OrganizationConfig Organization(string name = "acme") =>
        new(Guid.NewGuid(), name, Suspended: true, ["10.0.0.0/8", "2001:db8::/32"], new LimitConfig(600, 100));

    public static WorkspaceConfig Workspace(OrganizationConfig organization, string name = "main") =>
        new(Guid.NewGuid(), organization.Id, name, "Use the tools sparingly — ünïcödé.");

    public static KeyConfig Key(WorkspaceConfig workspace, string id = "abcdefABCDEF", string name = "laptop") => new()
    {
        Id = id,
        OrganizationId = workspace.OrganizationId,
        WorkspaceId = workspace.Id,
        Name = name,
        SecretHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        Scopes = KeyScopes.Mcp | KeyScopes.AdminRead | KeyScopes.Connect | KeyScopes.Instance,
        Permissions = new PermissionConfig(
            new GlobRule(["git*"], ["gitlab"]), new GlobRule(["get_*"], ["*_delete"]), new GlobRule(["p?"], []), new GlobRule([], ["file://*"])),
        Limits = new LimitConfig(60, 10),
        ToolLimits = new Dictionary<string, LimitConfig> { ["*_slow"] = new(6, 1) },
        CreatedAt = Noon.AddMicroseconds(123_457),
        ExpiresAt = Noon.AddDays(30),
        RevokedAt = Noon.AddDays(1),
    };

    public static UpstreamConfig HttpUpstream(WorkspaceConfig workspace, string key = "github") => new()
    {
        Id = Guid.NewGuid(),
        WorkspaceId = workspace.Id,
        Key = key,
        Transport = UpstreamTransport.StreamableHttp,
        Endpoints =
        [
            new EndpointConfig(new Uri("https://b.example.com/mcp?api_key=one"), "eu", 1, 3),
            new EndpointConfig(new Uri("https://a.example.com/mcp"), null, 0, 1),
        ],
        Headers = new Dictionary<string, string> { ["Authorization"] = "Bearer one", ["X-Tenant"] = "" },
        Disabled = true,
        Tools = new GlobRule(["get_*"], ["*_secret"]),
        Prefix = "",
        Instructions = "For repositories.",
        CostPerCall = 0.0125m,
        Limits = new LimitConfig(30, 5),
        Timeout = TimeSpan.FromMilliseconds(1500),
        LoadBalancing = LoadBalancing.RoundRobin,
        HealthInterval = null,
        MaxConcurrent = 7,
        Trusted = true,
        Order = -3,
    };

    public static UpstreamConfig StdioUpstream(WorkspaceConfig workspace, string key = "files") => new()
    {
        Id = Guid.NewGuid(),
        WorkspaceId = workspace.Id,
        Key = key,
        Transport = UpstreamTransport.Stdio,
        Command = new CommandConfig(
            "npx", ["-y", "server with spaces", "--token", "two"],
            new Dictionary<string, string> { ["API_TOKEN"] = "three", ["MODE"] = "fast" }, "/srv/files"),
    };

    /// <summary>Only what is required; the rest as it is by default.</summary>
    public static UpstreamConfig BareUpstream(WorkspaceConfig workspace, string key = "bare", int order = 0) => new()
    {
        Id = Guid.NewGuid(), WorkspaceId = workspace.Id, Key = key, Transport = UpstreamTransport.Sse, Order = order,
    };

    public static SecretBox Secrets(byte seed = 1) => new(Key(seed));

    public static EncryptionKey Key(byte seed) => EncryptionKey.Parse(Convert.ToHexString([.. Enumerable.Repeat(seed, 32)]), "the test");

    public static UserConfig User(string email = "ann@example.com") => new()
    {
        Id = new Guid(SHA256.HashData(Encoding.ASCII.GetBytes(email)).AsSpan(0, 16)),
        Email = email,
        Name = "Ann",
        PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA",
        CreatedAt = Noon,
    };

    public static InvitationConfig Invitation(OrganizationConfig organization, string email = "bob@example.com") => new()
    {
        Id = Guid.NewGuid(),
        OrganizationId = organization.Id,
        Email = email,
        Role = Role.Viewer,
        TokenHash = SHA256.HashData(Encoding.ASCII.GetBytes(email)),
        CreatedAt = Noon,
        ExpiresAt = Noon.AddDays(7),
    };

    /// <summary>Records compare lists by identity, so their JSON text is compared: every field, in order, but for the version, which the store gives.</summary>
    public static void AssertSame<T>(T expected, T actual) => Assert.Equal(Text(expected), Text(actual));

    private static string Text<T>(T record) => Regex.Replace(JsonSerializer.Serialize(record), "\"Version\":[0-9]+", "");
}
