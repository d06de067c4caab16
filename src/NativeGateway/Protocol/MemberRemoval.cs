namespace NativeGateway.Protocol;

/// <summary>Removes members of one object while they are walked, together with the commas that would be left over.</summary>
internal ref struct MemberRemoval(MessageEditor editor, ByteRange target)
{
    private readonly MessageEditor _editor = editor;
    private readonly int _objectStart = target.Start;
    private int _keptEnd = -1;
    private int _runStart = -1;
    private int _runEnd;

    /// <summary>Call for every member in order.</summary>
    public void Next(in JsonMembers member, bool remove)
    {
        if (remove)
        {
            _runStart = _runStart < 0 ? member.Name.Start : _runStart;
            _runEnd = member.Value.End;
            return;
        }

        if (_runStart >= 0)
        {
            _editor.Remove(new ByteRange(_runStart, member.Name.Start - _runStart));
            _runStart = -1;
        }

        _keptEnd = member.Value.End;
    }

    /// <summary>Call once after the last member.</summary>
    public void End()
    {
        if (_runStart >= 0)
        {
            // Nothing follows the run, so the comma before it goes too.
            var start = _keptEnd >= 0 ? _keptEnd : _objectStart + 1;
            _editor.Remove(new ByteRange(start, _runEnd - start));
        }
    }
}
