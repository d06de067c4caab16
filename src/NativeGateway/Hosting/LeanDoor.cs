using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.DataPlane.Transport;

namespace NativeGateway.Hosting;

/// <summary>The event loops, one per core, and the front that they serve.</summary>
internal sealed class LeanDoor : IDisposable
{
    private readonly EventLoop[] _loops;

    public LeanDoor(DataPlaneParts parts, ILogger logger)
    {
        _loops = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(index => new EventLoop(index, logger))];
        Front = new Http1Front(parts.Proxy, parts.TrustedProxies, _loops, ConnectionLimit.OfMainDoor, logger);
        Array.ForEach(_loops, loop => loop.Start());
    }

    /// <summary>Null where it is not wanted or not possible.</summary>
    public static LeanDoor? TryCreate(GatewayOptions options, DataPlaneParts parts, ILogger logger) =>
        options.KestrelOnly || !EventLoop.IsSupported ? null : new LeanDoor(parts, logger);

    public Http1Front Front { get; }

    public void Dispose() => Array.ForEach(_loops, loop => loop.Dispose());
}
