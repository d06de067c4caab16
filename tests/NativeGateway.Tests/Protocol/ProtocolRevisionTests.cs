using System.Text;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.Protocol;

public class ProtocolRevisionTests
{
    [Theory]
    [InlineData("2024-11-05", false)]
    [InlineData("2025-03-26", false)]
    [InlineData("2025-06-18", false)]
    [InlineData("2025-11-25", false)]
    [InlineData("2026-07-28", true)]
    public void Every_published_revision_is_found_by_text_and_by_token(string text, bool modern)
    {
        var revision = ProtocolRevision.Find(text);

        Assert.NotNull(revision);
        Assert.Equal(text, revision.Text);
        Assert.Equal(modern, revision.IsModern);
        Assert.Same(revision, ProtocolRevision.FindToken(Encoding.ASCII.GetBytes($"\"{text}\"")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2025-11-2")]
    [InlineData("2025-11-255")]
    [InlineData(" 2025-11-25")]
    [InlineData("DRAFT-2026-v1")]
    public void Other_texts_are_no_revision(string text)
    {
        Assert.Null(ProtocolRevision.Find(text));
        Assert.Null(ProtocolRevision.FindToken(Encoding.ASCII.GetBytes($"\"{text}\"")));
    }

    [Theory]
    [InlineData("2026-07-28", true)]
    [InlineData("2026-12-01", true)]
    [InlineData("2031-01-01", true)]
    [InlineData("2026-07-27", false)]
    [InlineData("2025-11-25", false)]
    [InlineData("latest", false)]
    [InlineData("DRAFT-2026-v1", false)]
    [InlineData("2026-07-28-rc1", false)]
    [InlineData("", false)]
    public void The_modern_era_is_named_by_dates_only(string text, bool modern) => Assert.Equal(modern, ProtocolRevision.NamesModernEra(text));

    [Fact]
    public void Only_2025_03_26_has_batches() =>
        Assert.Equal("2025-03-26", Assert.Single(All(), revision => revision.AllowsBatches).Text);

    [Fact]
    public void The_code_for_a_missing_resource_changed_with_the_modern_era()
    {
        Assert.Equal(-32002, ProtocolRevision.NewestLegacy.ResourceNotFoundCode);
        Assert.Equal(-32602, ProtocolRevision.NewestModern.ResourceNotFoundCode);
    }

    [Fact]
    public void Every_known_method_is_found_by_its_text()
    {
        foreach (var method in Enum.GetValues<McpMethod>().Where(method => method != McpMethod.Unknown))
        {
            Assert.False(McpMethods.Text(method).IsEmpty, $"{method} has no text");
            Assert.Equal(method, McpMethods.Find(McpMethods.Text(method)));
        }

        Assert.Equal(McpMethod.Unknown, McpMethods.Find("Tools/Call"u8));
        Assert.Equal(McpMethod.Unknown, McpMethods.Find(""u8));
    }

    private static IEnumerable<ProtocolRevision> All() =>
        new[] { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28" }.Select(text => ProtocolRevision.Find(text)!);
}
