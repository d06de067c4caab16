namespace NativeGateway.Shared;

/// <summary>The one bound on waiting in tests. Only a failing test ever waits this long.</summary>
public static class TestTime
{
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);
}
