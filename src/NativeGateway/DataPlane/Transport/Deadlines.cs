namespace NativeGateway.DataPlane.Transport;

/// <summary>Something that may not last longer than the span of the <see cref="Deadlines"/> it stands in.</summary>
internal abstract class Deadlined
{
    public Deadlines? Deadlines { get; set; }

    public Deadlined? Earlier { get; set; }

    public Deadlined? Later { get; set; }

    public long Due { get; set; }

    /// <summary>The time is over. It stands in no list any more.</summary>
    public abstract void OnDeadline();
}

/// <summary>
/// Deadlines that are all the same span away when they are set, so that a list in order of setting is in order of falling due: setting and
/// clearing cost a few assignments. Used on one loop's thread.
/// </summary>
internal sealed class Deadlines(TimeSpan span)
{
    private readonly long _milliseconds = (long)span.TotalMilliseconds;
    private Deadlined? _first;
    private Deadlined? _last;

    public TimeSpan Span => span;

    /// <summary>The one that falls due first; null when there is none.</summary>
    public Deadlined? First => _first;

    /// <summary>When the first of them falls due, on the clock of <see cref="EventLoop.Now"/>; later than ever when there is none.</summary>
    public long NextDue => _first?.Due ?? long.MaxValue;

    /// <summary>Sets or renews the deadline; one that it has in another list is cleared.</summary>
    public void Set(Deadlined item, long now)
    {
        item.Deadlines?.Clear(item);
        item.Due = now + _milliseconds;
        item.Deadlines = this;
        item.Earlier = _last;
        if (_last is null)
        {
            _first = item;
        }
        else
        {
            _last.Later = item;
        }

        _last = item;
    }

    public void Clear(Deadlined item)
    {
        if (item.Deadlines != this)
        {
            return;
        }

        if (item.Earlier is null)
        {
            _first = item.Later;
        }
        else
        {
            item.Earlier.Later = item.Later;
        }

        if (item.Later is null)
        {
            _last = item.Earlier;
        }
        else
        {
            item.Later.Earlier = item.Earlier;
        }

        (item.Earlier, item.Later, item.Deadlines) = (null, null, null);
    }

    public void Check(long now)
    {
        while (_first is { } first && first.Due <= now)
        {
            Clear(first);
            first.OnDeadline();
        }
    }
}
