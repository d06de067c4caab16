using System.Buffers;
using System.IO.Pipelines;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// The input of a connection of which a part was read already: gives that part first. While it is not consumed, what follows is appended to it,
/// so that readers see one sequence; afterwards everything goes straight to the connection's own reader.
/// </summary>
internal sealed class ResumedInput(byte[] received, PipeReader input) : PipeReader
{
    private byte[] _held = received;
    private int _start;
    private int _end = received.Length;
    private int _examined;

    private bool HoldsBytes => _start < _end;

    private ReadOnlySequence<byte> Held => new(_held, _start, _end - _start);

    public override bool TryRead(out ReadResult result)
    {
        if (!HoldsBytes)
        {
            return input.TryRead(out result);
        }

        if (_examined < _end)
        {
            result = new ReadResult(Held, isCanceled: false, isCompleted: false);
            return true;
        }

        if (input.TryRead(out var more))
        {
            result = Append(more);
            return true;
        }

        result = default;
        return false;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        !HoldsBytes ? input.ReadAsync(cancellationToken)
        : _examined < _end ? ValueTask.FromResult(new ReadResult(Held, isCanceled: false, isCompleted: false))
        : ReadMoreAsync(cancellationToken);

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!HoldsBytes)
        {
            input.AdvanceTo(consumed, examined);
            return;
        }

        var held = Held;
        _examined = _start + (int)held.Slice(0, examined).Length;
        _start += (int)held.Slice(0, consumed).Length;
        if (!HoldsBytes)
        {
            _held = [];
        }
    }

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => input.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => input.CompleteAsync(exception);

    private async ValueTask<ReadResult> ReadMoreAsync(CancellationToken cancellationToken) =>
        Append(await input.ReadAsync(cancellationToken).ConfigureAwait(false));

    private ReadResult Append(in ReadResult more)
    {
        var length = (int)more.Buffer.Length;
        if (_held.Length - _end < length)
        {
            var next = new byte[Math.Max(2 * (_end - _start), _end - _start + length)];
            _held.AsSpan(_start, _end - _start).CopyTo(next);
            (_held, _examined, _end, _start) = (next, _examined - _start, _end - _start, 0);
        }

        more.Buffer.CopyTo(_held.AsSpan(_end));
        _end += length;
        input.AdvanceTo(more.Buffer.End);
        return new ReadResult(Held, more.IsCanceled, more.IsCompleted);
    }
}
