using NativeGateway.Model;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>Whose <c>X-Forwarded-For</c> is believed, by the settings of the present snapshot. Any thread.</summary>
internal sealed class TrustedProxies(SnapshotHolder snapshots)
{
    private volatile Compiled _compiled = Compile(snapshots.Current);

    private sealed record Compiled(Snapshot Of, AddressSet Addresses);

    public AddressSet Current
    {
        get
        {
            var snapshot = snapshots.Current;
            if (!ReferenceEquals(snapshot, _compiled.Of))
            {
                _compiled = Compile(snapshot);
            }

            return _compiled.Addresses;
        }
    }

    private static Compiled Compile(Snapshot snapshot) =>
        new(snapshot, AddressSet.TryParse(snapshot.Settings.TrustedProxies, out _) ?? AddressSet.None);
}
