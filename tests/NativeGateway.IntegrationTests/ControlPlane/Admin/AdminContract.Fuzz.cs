using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    private static readonly string[] ValuesOfEveryKind =
    [
        "null", "true", "false", "0", "-1", "1e999", "0.1", "99999999999999999999999999", "\"\"", "\"x\"", "\"\\u0007\"", "\"*\"", "\"😀\"", "\"2027-01-01\"",
        "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59-14:00\"", "[]", "[null]", "[[]]", "[1,\"a\",{}]", "{}", "{\"a\":null}", "{\"\":\"\"}",
        "{\"allow\":{}}", "{\"requestsPerMinute\":1e3,\"burst\":null}", "\"http://[::1\"", "\"https://ex ample\"", "\"//\"", "\"${HOME}\"", $"\"{new string('a', 5000)}\"",
    ];

    private static readonly string[] Members =
    [
        "name", "workspaceId", "organizationId", "instructions", "suspended", "allowedNetworks", "limits", "url", "endpoints", "headers", "auth", "command", "args",
        "env", "cwd", "type", "timeout", "tools", "prefix", "costPerCall", "scopes", "servers", "toolLimits", "expiresAt", "disabled", "healthCheck", "loadBalancing",
        "email", "role", "password", "token", "current", "userId", "instance", "network", "stdio", "mcpServers", "packages", "remotes",
    ];

    [Fact]
    public async Task Whatever_is_sent_is_answered_without_a_fault_and_without_a_word_of_others()
    {
        const string Secret = "t3nant-s3cret-0123456789";
        var (organization, workspace, _) = await NewTenantAsync("others-name");
        var theirs = await CreatedAsync("/servers", $$$"""{"name":"others-server","url":"https://example.com","headers":{"X-A":"{{{Secret}}}"},"workspaceId":"{{{workspace}}}"}""");
        var theirKey = (await Instance.GetAsync("/keys")).Items.Last().GetProperty("id").GetString()!;
        var (_, _, fuzzer) = await NewTenantAsync("fuzzer");
        var own = await fuzzer.PostAsync("/servers", """{"name":"own","url":"https://example.com/mcp","headers":{"X-A":"1"}}""");
        var ownKey = await fuzzer.PostAsync("/keys", """{"name":"own"}""");
        string[] ids = [organization, workspace, theirs.Id, theirKey, own.Id, ownKey.Id, NoSuchId, "%00", "..", "%2e%2e", "💥", new string('9', 3000)];
        var random = new Random(20261);

        for (var i = 0; i < 1500; i++)
        {
            var (method, path) = RandomTarget(random, ids);
            var body = method is "GET" or "DELETE" ? null : RandomBody(random, ids);
            var reply = await fuzzer.SendAsync(method, path, body, RandomHeaders(random));

            Assert.True((int)reply.Status is < 500 or 503, $"{method} {path} {body}\n{reply.Text}");
            foreach (var word in (string[])["others-name", "others-server", Secret, "argon2", "Exception", "   at "])
            {
                Assert.False(reply.Text.Contains(word, StringComparison.Ordinal), $"{method} {path} {body}\n{reply.Text}");
            }

            if (!reply.Headers.Contains("X-Request-Id"))
            {
                // What is no HTTP request never gets as far as the API.
                Assert.Equal((HttpStatusCode.BadRequest, ""), (reply.Status, reply.Text));
            }
            else if ((int)reply.Status >= 400)
            {
                Assert.Equal("application/problem+json", reply.ContentType);
                Assert.Equal((int)reply.Status, reply.Body.GetProperty("status").GetInt32());
            }
        }

        Assert.Equal(HttpStatusCode.OK, (await Instance.GetAsync($"/servers/{theirs.Id}")).Status);
        Assert.DoesNotContain("A request failed in the gateway", Gateway.Logs, StringComparison.Ordinal);
        Assert.DoesNotContain("has a fault", Gateway.Logs, StringComparison.Ordinal);
    }

    private static (string Method, string Path) RandomTarget(Random random, string[] ids)
    {
        var root = Pick(random, "/organizations", "/workspaces", "/servers", "/keys", "/settings", "/servers/import", "/servers/export", "/members", "/invitations", "/invitations/accept", "/invitations/lookup", "/session",
            "/nothing");
        var path = random.Next(2) == 0 ? root : $"{root}/{Pick(random, ids)}{Pick(random, "", "", "/rotate", "/revoke", "/enable", "/tools", "/health", "/renew", "/password", "/organization", "/x", "/")}";
        var query = Pick(random, "", "", "", "?limit=1&cursor=AA", "?limit=-1", "?cursor=%ff", "?workspaceId=" + Uri.EscapeDataString(Pick(random, ids)), "?format=xml", "?replace=true");
        return (Pick(random, "GET", "POST", "POST", "PATCH", "DELETE", "PUT"), path + query);
    }

    private static string RandomBody(Random random, string[] ids)
    {
        if (random.Next(12) == 0)
        {
            return Pick(random, ValuesOfEveryKind);
        }

        var body = new JsonObject { ["name"] = $"n{random.Next(1_000_000)}" };
        for (var i = random.Next(4); i >= 0; i--)
        {
            var value = random.Next(4) == 0 ? JsonSerializer.Serialize(Pick(random, ids)) : Pick(random, ValuesOfEveryKind);
            body[Pick(random, Members)] = JsonNode.Parse(value);
        }

        return body.ToJsonString();
    }

    private static (string Name, string Value)[] RandomHeaders(Random random) => random.Next(4) switch
    {
        0 => [("If-Match", Pick(random, "*", "\"v1\"", "W/\"v1\"", "", ",,", "x"))],
        1 => [("If-Match", "*"), ("Idempotency-Key", Pick(random, "a", "b", "", new string('k', 400)))],
        _ => [("If-Match", "*")],
    };

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
