using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>
/// Reads the registry, all of it or nothing: what was read last is used again while it is the newest. Shared by who changes it and who puts it into
/// use, so that a change of a large one is read once. Any thread.
/// </summary>
internal sealed class RegistryReader(IRegistryStore store)
{
    private volatile RegistryConfig _last = RegistryConfig.Empty;

    /// <summary>The present state.</summary>
    /// <exception cref="StoreUnavailableException"/>
    public async Task<RegistryConfig> LoadAsync(CancellationToken cancellationToken)
    {
        var last = _last;
        if (last.Revision == 0 || await store.GetRevisionAsync(cancellationToken) != last.Revision)
        {
            _last = last = await store.LoadAsync(cancellationToken);
        }

        return last;
    }

    /// <inheritdoc cref="IRegistryStore.GetRevisionAsync"/>
    public Task<long> GetRevisionAsync(CancellationToken cancellationToken) => store.GetRevisionAsync(cancellationToken);
}
