using System.Runtime.InteropServices;

namespace NativeGateway.Hosting;

/// <summary>
/// SIGTERM and SIGINT: the first asks for an orderly stop, a later one ends the waiting for what still runs. One that follows at once is the
/// same wish once more: terminals and process managers signal a whole group, and its leader passes it on.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private static readonly TimeSpan SameWish = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _hurry = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Lock _gate = new();
    private long? _askedAt;

    public StopSignals(TimeProvider time, CancellationToken alsoStop)
    {
        _time = time;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(alsoStop);
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal)];
    }

    public CancellationToken Stop => _stop.Token;

    public CancellationToken Hurry => _hurry.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
        _hurry.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        CancellationTokenSource? meant = null;
        lock (_gate)
        {
            if (_askedAt is not { } askedAt)
            {
                _askedAt = _time.GetTimestamp();
                meant = _stop;
            }
            else if (_time.GetElapsedTime(askedAt) > SameWish)
            {
                meant = _hurry;
            }
        }

        meant?.Cancel();
    }
}
