using System.Globalization;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>
/// The newest requests of this process, of which each new one overwrites the oldest. Memory is taken piece by piece as requests come, so that a
/// gateway that is idle holds little. One thread adds while others look up.
/// </summary>
internal sealed class RequestLog
{
    /// <summary>Requests that are remembered: about 4 MB.</summary>
    public const int Capacity = 16_384;

    /// <summary>Small enough not to be a large object.</summary>
    private const int PieceSize = 128;

    private readonly Lock _gate = new();
    private readonly Piece?[] _pieces = new Piece?[Capacity / PieceSize];
    private long _added;

    private sealed class Piece
    {
        public readonly ulong[] Ids = new ulong[PieceSize];
        public readonly UsageEvent[] Requests = new UsageEvent[PieceSize];
    }

    /// <summary>When the oldest of those that are remembered was finished; null as long as none was forgotten.</summary>
    public DateTimeOffset? Since
    {
        get
        {
            lock (_gate)
            {
                var oldest = (int)(_added % Capacity);
                return _added > Capacity ? _pieces[oldest / PieceSize]!.Requests[oldest % PieceSize].At : null;
            }
        }
    }

    public void Add(in UsageEvent request)
    {
        lock (_gate)
        {
            var place = (int)(_added++ % Capacity);
            var piece = _pieces[place / PieceSize] ??= new Piece();
            piece.Ids[place % PieceSize] = request.Number.Value;
            piece.Requests[place % PieceSize] = request;
        }
    }

    /// <summary>What is remembered under an <c>X-Request-Id</c>, oldest first: more than one for a batch.</summary>
    public IReadOnlyList<UsageEvent> Find(string requestId)
    {
        var found = new List<UsageEvent>();
        if (!ulong.TryParse(requestId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id))
        {
            return found;
        }

        lock (_gate)
        {
            var first = Math.Max(0, _added - Capacity);
            for (var number = first; number < _added; number++)
            {
                var place = (int)(number % Capacity);
                var piece = _pieces[place / PieceSize]!;
                if (piece.Ids[place % PieceSize] == id)
                {
                    found.Add(piece.Requests[place % PieceSize]);
                }
            }
        }

        return found;
    }
}
