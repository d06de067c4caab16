using System.Text;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;

namespace NativeGateway.Tests.Hosting.Configuration;

public sealed class KeyListReaderTests
{
    private readonly NewApiKey _key = ApiKey.Create();

    [Fact]
    public void A_bare_key_may_use_mcp()
    {
        var key = Assert.Single(ConfigText.ReadWhole("""{ "auth": { "keys": ["${KEY}"] } }""", ("KEY", _key.Text)).Registry.Keys);

        Assert.Equal(_key.Id, key.Id);
        Assert.Equal(KeyScopes.Mcp, key.Scopes);
        Assert.Equal(ApiKey.Digest(Encoding.ASCII.GetBytes(_key.Text)), key.Digest);
    }

    [Fact]
    public void An_object_says_what_a_key_may_do()
    {
        var key = Assert.Single(ConfigText.ReadWhole(
            $$"""
            { "auth": { "keys": [ {
              "key": "{{_key.Text}}", "name": "ci", "scopes": ["mcp", "admin:read"], "servers": ["github"], "tools": { "deny": ["*_delete"] },
              "limits": { "requestsPerMinute": 60 }, "toolLimits": { "search_*": { "requestsPerMinute": 6, "burst": 2 } }
            } ] } }
            """).Registry.Keys);

        Assert.Equal(("ci", KeyScopes.Mcp | KeyScopes.AdminRead), (key.Name, key.Scopes));
        Assert.Equal(["github"], key.Permissions.Servers.Allow);
        Assert.Equal(["*_delete"], key.Permissions.Tools.Deny);
        Assert.Equal(new LimitConfig(60, 10), key.Limits);
        Assert.Equal(new LimitConfig(6, 2), key.ToolLimits["search_*"]);
    }

    [Theory]
    [InlineData("\"ngw_abc\"", "[0]", "not a whole key")]
    [InlineData("5", "[0]", "must be an object")]
    [InlineData("{}", "[0]", "has no \"key\"")]
    [InlineData("""{ "key": "${NOT_SET}" }""", "[0].key", "NOT_SET is not set")]
    [InlineData("""{ "key": "KEY", "scopes": ["root"] }""", "[0].scopes[0]", "must be one of mcp")]
    [InlineData("""{ "key": "KEY", "scope": [] }""", "[0].scope", "did you mean \"scopes\"")]
    [InlineData("""{ "key": "KEY", "tools": { "allow": "x" } }""", "[0].tools.allow", "must be a list")]
    [InlineData("""{ "key": "KEY", "toolLimits": { "x": {"burst": 1} } }""", "[0].toolLimits.x", "requestsPerMinute")]
    [InlineData("\"KEY\", \"KEY\"", "[1]", "in the list already")]
    public void A_fault_names_its_path_and_what_to_do(string keys, string path, string advice)
    {
        var json = $$"""{ "auth": { "keys": [{{keys.Replace("KEY", _key.Text, StringComparison.Ordinal)}}] } }""";

        var faults = ConfigText.Read(json).Faults;

        Assert.Contains(faults, fault => fault.Where == "$.auth.keys" + path && fault.Message.Contains(advice, StringComparison.Ordinal));
        Assert.All(faults, fault => Assert.DoesNotContain(_key.Text, fault.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_with_one_letter_changed_is_refused()
    {
        var changed = _key.Text[..^8] + (_key.Text[^8] == 'a' ? 'b' : 'a') + _key.Text[^7..];

        Assert.Equal("$.auth.keys[0]", Assert.Single(ConfigText.Read($$"""{ "auth": { "keys": ["{{changed}}"] } }""").Faults).Where);
    }
}
