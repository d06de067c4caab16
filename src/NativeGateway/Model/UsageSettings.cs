namespace NativeGateway.Model;

/// <summary>How often usage is written and how long it is kept.</summary>
internal sealed record UsageSettings
{
    public static readonly UsageSettings Default = new();

    /// <summary>What a crash loses at most.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(5);

    public UsageRetention Retention { get; init; } = new(TimeSpan.FromDays(7), TimeSpan.FromDays(90), TimeSpan.FromDays(730), TimeSpan.FromDays(7));
}

/// <summary>For how long the sums of each kind of interval are kept, and single failures.</summary>
internal sealed record UsageRetention(TimeSpan Minutes, TimeSpan Hours, TimeSpan Days, TimeSpan Failures);
