using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Tests.Storage;

public sealed class AuditChainTests
{
    /// <summary>Computed by another program from the description: whoever has an export can check it without the gateway.</summary>
    [Fact]
    public void The_hash_is_the_one_that_is_described()
    {
        var entry = new AuditEntry
        {
            At = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMicroseconds(1),
            Until = new DateTimeOffset(2026, 1, 1, 0, 1, 0, TimeSpan.Zero),
            Count = 2,
            OrganizationId = new Guid("018f0000-0000-7000-8000-000000000000"),
            Actor = new AuditActor("key", "abcdefABCDEF", "192.0.2.7"),
            Action = "key.updated",
            ResourceType = "key",
            ResourceId = "abcdefABCDEF",
            Fields = ["limits", "name"],
        };

        Assert.Equal("d4da5d3512d38c61407cb9fac5fe8aa181e17c52b96a669a2f37c82e8b336df5", Convert.ToHexStringLower(AuditChain.Hash(AuditChain.Beginning.Span, 1, entry)));
    }
}
