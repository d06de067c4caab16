using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>
/// The transport that Kestrel is given for its plain listeners: connections come to the lean door first, and to Kestrel when they are not for it.
/// </summary>
/// <param name="tlsPorts">Ports on which TLS is spoken.</param>
/// <param name="own">Kestrel's own transport, which listens there.</param>
internal sealed class KestrelHandOff(Http1Front front, IReadOnlySet<int> tlsPorts, IConnectionListenerFactory own, ILoggerFactory loggers)
    : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        if (endpoint is not IPEndPoint address || tlsPorts.Contains(address.Port))
        {
            return own.BindAsync(endpoint, cancellationToken);
        }

        Socket? socket = null;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.Listen(512);
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw exception.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new AddressInUseException(exception.Message, exception)
                : exception;
        }

        return ValueTask.FromResult<IConnectionListener>(new Listener(front, socket, new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger<KestrelHandOff>())));
    }

    private sealed class Listener : IConnectionListener
    {
        private readonly Channel<ConnectionContext> _handedOver = Channel.CreateUnbounded<ConnectionContext>();
        private readonly SocketConnectionContextFactory _contexts;
        private readonly LoopListener _listener;

        public Listener(Http1Front front, Socket socket, SocketConnectionContextFactory contexts)
        {
            EndPoint = socket.LocalEndPoint!;
            _contexts = contexts;
            _listener = front.Listen(socket, HandOver);
        }

        public EndPoint EndPoint { get; }

        /// <summary>Null when there will be no more.</summary>
        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _handedOver.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && _handedOver.Reader.TryRead(out var context) ? context : null;

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _listener.CloseAsync().ConfigureAwait(false);
            _handedOver.Writer.TryComplete();
        }

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync().ConfigureAwait(false);
            while (_handedOver.Reader.TryRead(out var context))
            {
                await context.DisposeAsync().ConfigureAwait(false);
            }

            _contexts.Dispose();
        }

        /// <summary>From a loop. Kestrel's own threads take the connection from here.</summary>
        private void HandOver(Socket socket, byte[] received)
        {
            var context = _contexts.Create(socket);
            context.Features.Set<IMemoryPoolFeature>(HandOffMemory.Feature);
            if (received.Length > 0)
            {
                context.Transport = new ResumedTransport(new ResumedInput(received, context.Transport.Input), context.Transport.Output);
            }

            if (!_handedOver.Writer.TryWrite(context))
            {
                context.Abort();
                _ = context.DisposeAsync().AsTask();
            }
        }
    }

    /// <summary>
    /// Kestrel takes "some memory" by asking for none at all, which the pool that comes with such a context since .NET 10 takes at its word.
    /// </summary>
    private sealed class HandOffMemory : MemoryPool<byte>, IMemoryPoolFeature
    {
        public static readonly HandOffMemory Feature = new();

        public override int MaxBufferSize => Shared.MaxBufferSize;

        public MemoryPool<byte> MemoryPool => this;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, 4096));

        protected override void Dispose(bool disposing)
        {
        }
    }

    private sealed record ResumedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
