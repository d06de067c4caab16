using Xunit;

namespace NativeGateway.NativeTests.Hostile;

public sealed class LeanDoorFramingTests(LeanDoorGateway fixture) : FramingContract(fixture), IClassFixture<LeanDoorGateway>;

public sealed class KestrelFramingTests(KestrelGateway fixture) : FramingContract(fixture), IClassFixture<KestrelGateway>;

public sealed class LeanDoorFloodTests(LeanDoorGateway fixture) : FloodContract(fixture), IClassFixture<LeanDoorGateway>;

public sealed class KestrelFloodTests(KestrelGateway fixture) : FloodContract(fixture), IClassFixture<KestrelGateway>;
