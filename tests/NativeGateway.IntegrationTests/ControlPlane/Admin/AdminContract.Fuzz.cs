using System.Diagnostics;
using System.Net;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Admin;

public abstract partial class AdminContract
{
    private const int Seed = 20261;
    private const int Rounds = 25;

    /// <summary>After so many rounds no more is begun when they took long: each route was tried often enough.</summary>
    private const int FewestRounds = 4;

    private static readonly TimeSpan LongestFuzz = TimeSpan.FromSeconds(20);

    /// <summary>Stands in everything that the other tenant has; who is no part of it never reads it.</summary>
    private const string Marker = "zq7theirs";

    [Fact]
    public async Task Whatever_is_sent_is_answered_without_a_fault_and_without_a_word_of_others()
    {
        var (known, unknown, cursors) = await PlantTenantAsync();
        var (organization, workspace, fuzzer) = await NewTenantAsync("fuzzer");
        var server = await fuzzer.PostAsync("/servers", """{"name":"own","url":"https://own.invalid/mcp","headers":{"X-A":"1"},"disabled":true}""");
        var key = await fuzzer.PostAsync("/keys", """{"name":"own"}""");
        var hook = await fuzzer.PostAsync("/webhooks", """{"name":"own","url":"https://own.invalid/","disabled":true}""");
        string[] ids = [organization, workspace, server.Id, key.Id, hook.Id, .. known, NoSuchId, "%00", "..", "💥", "0", new string('9', 3000)];
        var description = (await Instance.GetAsync("/openapi.json")).Body;
        var requests = new AdminFuzzer(description, new Random(Seed), ids, [.. cursors, "AA", "*", ""]);
        var succeeded = new HashSet<FuzzOperation>();

        await FuzzAsync(requests, fuzzer, Rounds, (operation, request, reply) =>
        {
            CheckNothingOfOthers(request, reply, unknown);
            if (reply.Status < HttpStatusCode.BadRequest)
            {
                succeeded.Add(operation);
            }
        });

        // The others need somebody who is signed in, a right over the whole instance, or a server that is reached.
        Assert.True(succeeded.Count > requests.Operations.Count / 3, $"Only {succeeded.Count} of {requests.Operations.Count} operations were ever carried out.");
        Assert.Equal(HttpStatusCode.OK, (await Instance.GetAsync($"/servers/{known[2]}")).Status);

        // Who administers everything sees everything; there shall be no fault either.
        await FuzzAsync(requests, Instance, FewestRounds, (_, _, _) => { });
        Assert.DoesNotContain("A request failed in the gateway", Gateway.Logs, StringComparison.Ordinal);
        Assert.DoesNotContain("has a fault", Gateway.Logs, StringComparison.Ordinal);
    }

    private static async Task FuzzAsync(AdminFuzzer requests, AdminClient client, int rounds, Action<FuzzOperation, FuzzRequest, AdminReply> check)
    {
        var begun = Stopwatch.StartNew();
        for (var round = 0; round < rounds && (round < FewestRounds || begun.Elapsed < LongestFuzz); round++)
        {
            foreach (var operation in requests.Operations)
            {
                var request = requests.Next(operation);
                using var content = request.ToContent();
                var reply = await client.SendContentAsync(request.Method, request.Path, content, request.Headers);
                Assert.True((int)reply.Status is < 500 or 503, $"Seed {Seed}, round {round}: {request}\n{reply.Text}");
                CheckForm(request, reply);
                check(operation, request, reply);
            }
        }
    }

    private static void CheckForm(FuzzRequest request, AdminReply reply)
    {
        foreach (var word in (string[])["argon2", "Exception", "   at "])
        {
            Assert.False(reply.Text.Contains(word, StringComparison.Ordinal), $"Seed {Seed}: {request}\n{reply.Text}");
        }

        if (!reply.Headers.Contains("X-Request-Id"))
        {
            // What is no HTTP request never gets as far as the API.
            Assert.True((reply.Status, reply.Text) == (HttpStatusCode.BadRequest, ""), $"Seed {Seed}: {request}\n{reply.Text}");
        }
        else if ((int)reply.Status >= 400)
        {
            Assert.True(reply.ContentType == "application/problem+json", $"Seed {Seed}: {request}\n{reply.Text}");
            Assert.Equal((int)reply.Status, reply.Body.GetProperty("status").GetInt32());
        }
    }

    private static void CheckNothingOfOthers(FuzzRequest request, AdminReply reply, string[] unknown)
    {
        foreach (var word in (string[])[Marker, .. unknown])
        {
            Assert.False(reply.Text.Contains(word, StringComparison.OrdinalIgnoreCase), $"Seed {Seed}: {request}\n{word} is in {reply.Text}");
        }
    }

    /// <summary>
    /// A tenant with something of everything, and cursors of its lists. Some ids the other one is told, and asks for (organization, workspace, server,
    /// …); some it shall never learn.
    /// </summary>
    private async Task<(string[] Known, string[] Unknown, string[] Cursors)> PlantTenantAsync()
    {
        var (organization, workspace, administrator) = await NewTenantAsync($"{Marker}-organization");
        await administrator.PatchAsync($"/workspaces/{workspace}", $$"""{"instructions":"{{Marker}}-instructions"}""", "*");
        string[] known =
        [
            organization,
            workspace,
            await OwnAsync("/servers", $$$"""{"name":"{{{Marker}}}-a","url":"https://{{{Marker}}}.invalid/mcp","headers":{"X-A":"{{{Marker}}}-secret"},"disabled":true}"""),
            await OwnAsync("/keys", $$"""{"name":"{{Marker}}-key"}"""),
            await OwnAsync("/webhooks", $$"""{"name":"{{Marker}}-hook","url":"https://{{Marker}}.invalid/{{Marker}}-path","disabled":true}"""),
        ];
        string[] unknown =
        [
            await OwnAsync("/servers", $$"""{"name":"{{Marker}}-b","command":"node","args":["{{Marker}}-argument"],"env":{"A":"{{Marker}}-secret"},"disabled":true}"""),
            await OwnAsync("/keys", $$"""{"name":"{{Marker}}-other"}"""),
            await OwnAsync("/webhooks", $$"""{"name":"{{Marker}}-b","url":"https://{{Marker}}.invalid/","disabled":true}"""),
        ];
        await administrator.CallAsync($"{Marker}/method");
        var cursors = new List<string>();
        foreach (var list in (string[])["servers", "keys", "webhooks", "audit"])
        {
            if ((await administrator.GetAsync($"/{list}?limit=1")).Body.TryGetProperty("nextCursor", out var cursor))
            {
                cursors.Add(cursor.GetString()!);
            }
        }

        Assert.NotEmpty(cursors);
        return (known, unknown, [.. cursors]);

        async Task<string> OwnAsync(string path, string json)
        {
            var created = await administrator.PostAsync(path, json);
            Assert.True(created.Status == HttpStatusCode.Created, created.Text);
            return created.Id;
        }
    }
}
