namespace NativeGateway.Model;

/// <summary>A process asks for a share of a quota.</summary>
/// <param name="Period">See <see cref="QuotaPeriod.Name"/>.</param>
/// <param name="Amount">In calls, or in millionths of the currency.</param>
/// <param name="Cap">Nothing is given out beyond this sum.</param>
internal readonly record struct QuotaClaim(Guid OrganizationId, QuotaKind Kind, string Period, long Amount, long Cap);

/// <summary>What it got.</summary>
/// <param name="Taken">The sum that all processes have got in this period, this amount included.</param>
internal readonly record struct QuotaGrant(long Amount, long Taken);
