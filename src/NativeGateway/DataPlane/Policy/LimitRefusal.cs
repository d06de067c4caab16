using System.Globalization;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Policy;

/// <summary>The state of the bucket with the fewest tokens left, for the <c>X-RateLimit-*</c> headers. The default value: nothing limits.</summary>
/// <param name="Limit">How many calls a full bucket holds.</param>
/// <param name="Remaining">How many of them are left.</param>
/// <param name="ResetSeconds">After how many seconds without calls it is full again.</param>
internal readonly record struct LimitState(int Limit, int Remaining, int ResetSeconds)
{
    public bool IsPresent => Limit > 0;
}

/// <summary>Words and data of the error that an empty bucket answers with.</summary>
internal static class LimitRefusal
{
    public static GatewayError Create(LimitScope scope, LimitConfig limit, in BucketReading reading, TimeProvider clock)
    {
        var wait = Seconds(reading.Wait, clock);
        var resetsAt = clock.GetUtcNow().AddSeconds(Seconds(reading.UntilFull, clock));
        var name = NameOf(scope);
        var data = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"scope":"{{name}}","limit":{{limit.Burst}},"remaining":0,"retryAfterSeconds":{{wait}},"resetsAt":"{{resetsAt:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""");
        return new GatewayError(ErrorKind.RateLimited, string.Create(CultureInfo.InvariantCulture, $"{Sentence(scope)}; try again in {wait} s."))
        {
            Detail = string.Create(CultureInfo.InvariantCulture, $"The bucket of scope '{name}' ({limit.RequestsPerMinute} a minute, {limit.Burst} at once) is empty."),
            Data = Encoding.UTF8.GetBytes(data),
            RetryAfter = TimeSpan.FromSeconds(wait),
            LimitScope = name,
        };
    }

    public static LimitState StateOf(LimitConfig limit, in BucketReading reading, TimeProvider clock) =>
        new(limit.Burst, reading.Remaining, Seconds(reading.UntilFull, clock));

    /// <summary>Rounded up: a client that waits as long as it is told must not come too early.</summary>
    private static int Seconds(long units, TimeProvider clock) => (int)((units + clock.TimestampFrequency - 1) / clock.TimestampFrequency);

    private static string NameOf(LimitScope scope) => scope switch
    {
        LimitScope.Organization => "organization",
        LimitScope.Key => "key",
        LimitScope.Server => "server",
        LimitScope.Tool => "tool",
        LimitScope.User => "user",
        _ => "address",
    };

    private static string Sentence(LimitScope scope) => scope switch
    {
        LimitScope.Organization => "The rate limit of this organization is used up",
        LimitScope.Key => "The rate limit of this key is used up",
        LimitScope.Server => "The rate limit of this key for this server is used up",
        LimitScope.Tool => "The rate limit of this key for this tool is used up",
        LimitScope.User => "The rate limit of this user is used up",
        LimitScope.Address => "The rate limit of this address is used up",
        _ => "Too many refused credentials from this address",
    };
}
