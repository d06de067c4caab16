namespace NativeGateway.Storage;

/// <summary>Follows the chain from its anchor, entry by entry in the order of their sequence, and notes where it is broken.</summary>
internal sealed class AuditCheck(AuditEnds ends)
{
    private const int MostFaults = 100;

    private readonly List<AuditFault> _faults = [];
    private byte[] _hash = Convert.FromHexString(ends.AnchorHash);

    public IReadOnlyList<AuditFault> Faults => _faults;

    /// <summary>The entry that was looked at last.</summary>
    public long At { get; private set; } = ends.Anchor;

    public void Follow(AuditRecord record)
    {
        if (record.Sequence <= At)
        {
            Note(record.Sequence, At == ends.Anchor ? "was inserted before the oldest entry" : "stands there twice: one of the two was inserted");
            return;
        }

        if (record.Sequence > ends.Last)
        {
            Note(record.Sequence, "was inserted behind the newest entry");
            return;
        }

        var isNext = record.Sequence == At + 1;
        if (!isNext)
        {
            Note(At + 1, record.Sequence == At + 2 ? "is missing" : $"to {record.Sequence - 1} are missing");
        }
        else if (!record.Hash.AsSpan().SequenceEqual(AuditChain.Hash(_hash, record.Sequence, record.Entry)))
        {
            Note(record.Sequence, "was altered, or does not belong behind the entry before it");
        }

        // What follows is judged by what is there, so that one fault is told once.
        (At, _hash) = (record.Sequence, record.Hash);
    }

    /// <summary>After the last entry.</summary>
    public void Finish()
    {
        if (At < ends.Last)
        {
            Note(At + 1, At + 1 == ends.Last ? "is missing" : $"to {ends.Last} are missing");
        }
        else if (Convert.ToHexStringLower(_hash) != ends.LastHash)
        {
            Note(At, "is not the entry that was written there");
        }
    }

    private void Note(long sequence, string what)
    {
        if (_faults.Count < MostFaults)
        {
            _faults.Add(new AuditFault(sequence, what));
        }
    }
}
