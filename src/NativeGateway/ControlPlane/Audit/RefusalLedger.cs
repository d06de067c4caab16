using System.Net;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Audit;

/// <summary>
/// Counts refused requests until they stand in the audit log: one entry at once for the first of a caller and what it asked for, and one for all of its
/// next minute. None is lost, and a flood costs neither memory nor disk: an organization (and all who belong to none) has so many told apart in a
/// minute; then callers are told apart and not what they asked for, so that one who tries everything hides no other; the rest is counted together.
/// Any thread.
/// </summary>
internal sealed class RefusalLedger(TimeProvider time)
{
    public const int MostPerOrganization = 64;

    /// <summary>How many of those say what was asked for.</summary>
    public const int MostNamed = MostPerOrganization / 2;

    private const int Most = 1024;
    private const string Several = "several";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Kind, Tally> _tallies = [];
    private readonly Dictionary<Guid, int> _kinds = [];

    public void Note(DeniedRequest denied)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (!HasRoom(denied, MostNamed))
            {
                denied = denied with { ResourceType = null, ResourceId = null };
            }

            if (!HasRoom(denied, MostPerOrganization))
            {
                // Of outcomes there are few, so these find room even then.
                denied = denied with { KeyId = null, UserId = null, Address = null, Action = Several };
            }

            var kind = Kind.Of(denied);
            if (!_tallies.TryGetValue(kind, out var tally))
            {
                _tallies[kind] = tally = new Tally { NotBefore = now };
                _kinds[kind.OrganizationId] = _kinds.GetValueOrDefault(kind.OrganizationId) + 1;
            }

            tally.Add(denied, now);
        }
    }

    /// <summary>What is due, to be written now; <see cref="Settle"/> has to follow before the next time.</summary>
    /// <param name="all">Whether or not its minute is over: the gateway ends.</param>
    public IReadOnlyList<AuditEntry> Take(bool all)
    {
        var now = time.GetUtcNow();
        var due = new List<AuditEntry>();
        lock (_lock)
        {
            foreach (var (kind, tally) in _tallies)
            {
                if (!all && tally.NotBefore > now)
                {
                    continue;
                }

                if (tally.Count > 0)
                {
                    due.Add(tally.Take());
                }
                else
                {
                    Forget(kind);
                }
            }
        }

        return due;
    }

    /// <summary>What was taken is written, or has to be taken again.</summary>
    public void Settle(bool written)
    {
        var next = time.GetUtcNow() + Pause;
        lock (_lock)
        {
            foreach (var tally in _tallies.Values)
            {
                tally.Settle(written, next);
            }
        }
    }

    private bool HasRoom(in DeniedRequest denied, int most)
    {
        var kind = Kind.Of(denied);
        return _tallies.ContainsKey(kind) || (_tallies.Count < Most && _kinds.GetValueOrDefault(kind.OrganizationId) < most);
    }

    private void Forget(Kind kind)
    {
        _tallies.Remove(kind);
        if (--_kinds[kind.OrganizationId] == 0)
        {
            _kinds.Remove(kind.OrganizationId);
        }
    }

    /// <summary>What is counted together.</summary>
    private readonly record struct Kind(
        Guid OrganizationId, string? KeyId, Guid? UserId, IPAddress? Address, string Action, string? ResourceType, string? ResourceId, string Outcome)
    {
        public static Kind Of(in DeniedRequest denied) => new(
            denied.OrganizationId ?? Guid.Empty, denied.KeyId, denied.UserId, denied.Address, denied.Action, denied.ResourceType, denied.ResourceId, denied.Outcome);
    }

    private sealed class Tally
    {
        private DeniedRequest _first;
        private DateTimeOffset _from;
        private DateTimeOffset _to;
        private (DeniedRequest First, DateTimeOffset From, long Count)? _taken;

        public DateTimeOffset NotBefore { get; set; }

        public long Count { get; private set; }

        public void Add(DeniedRequest denied, DateTimeOffset now)
        {
            if (Count++ == 0)
            {
                (_first, _from) = (denied, now);
            }

            _to = now;
        }

        public AuditEntry Take()
        {
            var entry = new AuditEntry
            {
                At = _from,
                Until = Count > 1 ? _to : null,
                Count = Count,
                OrganizationId = _first.OrganizationId,
                Actor = _first.UserId is { } user ? AuditActor.User(user, _first.Address?.ToString()) : AuditActor.Key(_first.KeyId, _first.Address?.ToString()),
                Action = _first.Action,
                ResourceType = _first.ResourceType,
                ResourceId = _first.ResourceId,
                Outcome = _first.Outcome,
                RequestId = _first.RequestId,
            };
            _taken = (_first, _from, Count);
            Count = 0;
            return entry;
        }

        public void Settle(bool written, DateTimeOffset next)
        {
            if (_taken is not { } taken)
            {
                return;
            }

            _taken = null;
            if (written)
            {
                NotBefore = next;
            }
            else
            {
                (_first, _from, Count) = (taken.First, taken.From, Count + taken.Count);
            }
        }
    }
}
