using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// What is known of every upstream, and the current catalog of every workspace that somebody has asked for. Owns this state for the whole
/// process. Readers take no lock; whoever changes something rebuilds, under one lock per workspace, the catalog that it concerns.
/// </summary>
internal sealed class CatalogTable
{
    /// <summary>What an earlier process left is read when somebody asks: a start does not wait for a hundred thousand tools.</summary>
    private readonly ConcurrentDictionary<Guid, Lazy<UpstreamOffer>> _offers = new();

    private readonly ConcurrentDictionary<Guid, Slot> _slots = new();

    /// <summary>By upstream: the slot of its workspace, once that has a catalog.</summary>
    private readonly ConcurrentDictionary<Guid, Slot> _owners = new();
    private readonly ILogger _logger;
    private volatile Snapshot? _applied;

    /// <param name="stored">Catalogs of an earlier process, shown until the upstream has been asked.</param>
    public CatalogTable(IEnumerable<StoredCatalog> stored, ILogger logger)
    {
        _logger = logger;
        foreach (var seed in stored)
        {
            _offers[seed.UpstreamId] = new Lazy<UpstreamOffer>(() => Read(seed));
        }
    }

    /// <summary>
    /// The aggregate lists of a workspace have become different, through its upstreams or through its configuration. Raised on the thread that
    /// made the change; handlers return at once.
    /// </summary>
    public event Action<Guid, CatalogKinds>? Changed;

    /// <summary>
    /// The current catalog of a workspace; built at the first call, afterwards one look-up. A workspace of an older snapshot than the last one that
    /// was applied gets the newer one's catalog.
    /// </summary>
    public WorkspaceCatalog For(Workspace workspace)
    {
        var slot = _slots.TryGetValue(workspace.Id, out var known) ? known : _slots.GetOrAdd(workspace.Id, new Slot(workspace));
        return slot.Catalog ?? BuildFirst(slot);
    }

    /// <summary>What is known of an upstream.</summary>
    public UpstreamOffer OfferOf(Guid upstreamId) => _offers.TryGetValue(upstreamId, out var offer) ? offer.Value : UpstreamOffer.Unknown;

    public void Set(Guid upstreamId, UpstreamOffer offer)
    {
        _offers[upstreamId] = new Lazy<UpstreamOffer>(offer);
        if (_owners.TryGetValue(upstreamId, out var slot))
        {
            Rebuild(slot);
        }
    }

    /// <summary>Takes over a new snapshot; to be called after each swap. Cheap where nothing that concerns names has changed.</summary>
    public void Apply(Snapshot snapshot)
    {
        // First of all: a slot that is added behind the loop's back looks here.
        _applied = snapshot;
        foreach (var (id, slot) in _slots)
        {
            if (!snapshot.Workspaces.TryGetValue(id, out var workspace))
            {
                _slots.TryRemove(id, out _);
            }
            else if (!ReferenceEquals(slot.Workspace, workspace))
            {
                Rebuild(slot);
            }
        }

        var present = snapshot.Workspaces.Values.SelectMany(workspace => workspace.Upstreams).ToDictionary(upstream => upstream.Id);
        foreach (var id in _offers.Keys)
        {
            if (!present.ContainsKey(id))
            {
                _offers.TryRemove(id, out _);
                _owners.TryRemove(id, out _);
            }
        }
    }

    private UpstreamOffer Read(StoredCatalog seed)
    {
        if (StoredCatalogs.TryRead(seed) is { } catalog)
        {
            return new UpstreamOffer(catalog, UpstreamStatus.Starting);
        }

        Log.StoredCatalogDropped(_logger, seed.UpstreamId);
        return UpstreamOffer.Unknown;
    }

    private WorkspaceCatalog BuildFirst(Slot slot)
    {
        lock (slot.Gate)
        {
            if (slot.Catalog is not { } catalog)
            {
                TakeNewest(slot);
                slot.Catalog = catalog = Build(slot, previous: null);
            }

            return catalog;
        }
    }

    private void Rebuild(Slot slot)
    {
        CatalogKinds changes;
        var wanted = slot.Want();
        lock (slot.Gate)
        {
            // Without a catalog nobody has asked yet: the first who does will see what is known by then. And while many upstreams report at once,
            // one building takes in what all have reported that wait for it.
            if (slot.Catalog is not { } previous || slot.Built >= wanted)
            {
                return;
            }

            var taken = slot.Wanted;
            TakeNewest(slot);
            var next = Build(slot, previous);
            (slot.Catalog, slot.Built) = (next, taken);
            changes = CatalogBuilder.Compare(previous, next);
        }

        if (changes != CatalogKinds.None)
        {
            Changed?.Invoke(slot.Workspace.Id, changes);
        }
    }

    private void TakeNewest(Slot slot)
    {
        if (_applied?.Workspaces.GetValueOrDefault(slot.Workspace.Id) is { } newest)
        {
            slot.Workspace = newest;
        }
    }

    private WorkspaceCatalog Build(Slot slot, WorkspaceCatalog? previous)
    {
        // Ownership comes before reading: an offer that is set meanwhile then waits for the gate and rebuilds.
        foreach (var upstream in slot.Workspace.Upstreams)
        {
            _owners[upstream.Id] = slot;
        }

        var catalog = CatalogBuilder.Build(slot.Workspace, OfferOf, previous);
        foreach (var loss in catalog.Tables.Losses)
        {
            if (previous is null || !previous.Tables.Losses.Contains(loss))
            {
                Log.ExposedNameLost(_logger, loss.Kind, loss.Name, loss.Winner, loss.Loser, slot.Workspace.Id);
            }
        }

        return catalog;
    }

    /// <summary>The catalog of one workspace and what it is built from.</summary>
    private sealed class Slot(Workspace workspace)
    {
        private volatile Workspace _workspace = workspace;
        private volatile WorkspaceCatalog? _catalog;
        private long _wanted;

        public Lock Gate { get; } = new();

        /// <summary>How many changes were to be taken in so far.</summary>
        public long Wanted => Interlocked.Read(ref _wanted);

        /// <summary>How many of them the catalog knows; guarded by the gate.</summary>
        public long Built { get; set; }

        public Workspace Workspace
        {
            get => _workspace;
            set => _workspace = value;
        }

        public WorkspaceCatalog? Catalog
        {
            get => _catalog;
            set => _catalog = value;
        }

        /// <summary>To be called when what is to be taken in can be read; its number.</summary>
        public long Want() => Interlocked.Increment(ref _wanted);
    }
}
