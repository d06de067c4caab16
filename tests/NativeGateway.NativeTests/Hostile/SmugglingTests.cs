using System.Text;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>
/// The published forms of request smuggling at both doors: both answer alike, what hides in a body stays there, and whoever comes next, on the same
/// connection or on another, gets the answer to what was asked.
/// </summary>
public sealed class SmugglingTests(TwoDoors fixture) : IClassFixture<TwoDoors>
{
    public static TheoryData<string> Names => [.. SmugglingForms.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_smuggled_in(string name)
    {
        var (text, answers) = SmugglingForms.All[name];
        foreach (var door in fixture.All)
        {
            Assert.Equal(SmugglingForms.Key.Length, door.Key.Length);
            door.Upstream.Requests.Clear();

            var replies = await TwoDoors.AskAsync(door, Encoding.Latin1.GetBytes((text + SmugglingForms.Marker).Replace(SmugglingForms.Key, door.Key, StringComparison.Ordinal)));

            Assert.Equal(answers, string.Join(", ", replies.Select(Describe)));
            Assert.DoesNotContain(door.Upstream.Requests, request => request.Text.Contains(SmugglingForms.Secret, StringComparison.Ordinal));
            var next = await door.Gateway.SendAsync(door.Call);
            Assert.Equal("hello", next.Result.GetProperty("structuredContent").GetProperty("text").GetString());
        }
    }

    [Fact]
    public async Task What_is_smuggled_would_be_noticed()
    {
        foreach (var door in fixture.All)
        {
            var bytes = Encoding.Latin1.GetBytes((SmugglingForms.Outer + SmugglingForms.Marker).Replace(SmugglingForms.Key, door.Key, StringComparison.Ordinal));
            Assert.Equal("200 outer, 200 marker", string.Join(", ", (await TwoDoors.AskAsync(door, bytes)).Select(Describe)));
            Assert.Contains(door.Upstream.Requests, request => request.Text.Contains("\"marker\"", StringComparison.Ordinal));
        }
    }

    private static string Describe(Reply reply)
    {
        string[] names = ["outer", "marker", "smuggled"];
        var name = Array.Find(names, name => reply.Text.Contains($"\"id\":\"{name}\"", StringComparison.Ordinal));
        return name is null ? $"{reply.Status}" : $"{reply.Status} {name}";
    }
}
