namespace NativeGateway.Protocol;

/// <summary>Removes members of one object, or elements of one array, while they are walked, together with the commas that would be left over.</summary>
internal ref struct MemberRemoval(MessageEditor editor, ByteRange target)
{
    private readonly MessageEditor _editor = editor;
    private readonly int _targetStart = target.Start;
    private int _keptEnd = -1;
    private int _runStart = -1;
    private int _runEnd;

    /// <summary>Call for every member in order.</summary>
    public void Next(in JsonMembers member, bool remove) =>
        Next(new ByteRange(member.Name.Start, member.Value.End - member.Name.Start), remove);

    /// <summary>Call for every element in order.</summary>
    public void Next(ByteRange element, bool remove)
    {
        if (remove)
        {
            _runStart = _runStart < 0 ? element.Start : _runStart;
            _runEnd = element.End;
            return;
        }

        if (_runStart >= 0)
        {
            _editor.Remove(new ByteRange(_runStart, element.Start - _runStart));
            _runStart = -1;
        }

        _keptEnd = element.End;
    }

    /// <summary>Call once after the last one.</summary>
    public void End()
    {
        if (_runStart >= 0)
        {
            // Nothing follows the run, so the comma before it goes too.
            var start = _keptEnd >= 0 ? _keptEnd : _targetStart + 1;
            _editor.Remove(new ByteRange(start, _runEnd - start));
        }
    }
}
