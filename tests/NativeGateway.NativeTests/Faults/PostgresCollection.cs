using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Faults;

/// <summary>All test classes that need Postgres share one cluster and take turns, so that one may stop it without harm to another.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresCluster>
{
    public const string Name = "Postgres";
}
