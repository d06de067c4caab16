namespace NativeGateway.Hosting;

/// <summary>Where clients come in. Opened when everything behind it is ready, closed before any of that ends.</summary>
internal interface IClientDoor : IAsyncDisposable
{
    /// <summary>Completes when nobody can come in any more, by no doing of the gateway's.</summary>
    Task Ended { get; }

    /// <summary>False when it cannot be opened, which the operator has been told then.</summary>
    Task<bool> TryOpenAsync();

    /// <summary>Lets nobody in any more. Completes when those inside have been served, or <paramref name="patience"/> is at its end.</summary>
    Task CloseAsync(CancellationToken patience);
}
