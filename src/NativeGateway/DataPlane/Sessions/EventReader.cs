namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// Writes one event to a client. Empty data makes an event that only tells a position. Cancelling gives a write up; a connection that is gone
/// is no error.
/// </summary>
internal delegate ValueTask EventWriter(string id, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

/// <summary>One connection on which a client reads a <see cref="ReplayStream"/>.</summary>
internal sealed class EventReader(EventWriter write, CancellationToken clientGone) : IDisposable
{
    private readonly CancellationTokenSource _gone = CancellationTokenSource.CreateLinkedTokenSource(clientGone);

    /// <summary>Cancelled when the client has left, or reads on another connection.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>The client reads on another connection.</summary>
    public void Displace()
    {
        try
        {
            _gone.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just left by itself.
        }
    }

    /// <summary>False when the client is not there any more.</summary>
    public async ValueTask<bool> TryWriteAsync(string id, ReadOnlyMemory<byte> data)
    {
        try
        {
            if (_gone.IsCancellationRequested)
            {
                return false;
            }

            await write(id, data, _gone.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose() => _gone.Dispose();
}
