using System.Net.Sockets;
using System.Text;
using NativeGateway.DataPlane.Transport;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// Sends requests to one plain <c>http://</c> endpoint over connections of the caller's event loop, so that a call never leaves its thread. Each
/// loop keeps its own connections; they are used again, the latest first.
/// </summary>
internal sealed class LoopSender
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    private readonly Uri _url;
    private readonly WireHeaders _headers;
    private readonly bool _isGuarded;
    private readonly LoopPool?[] _pools = new LoopPool?[Environment.ProcessorCount];

    private LoopSender(Uri url, WireHeaders headers, bool isGuarded) => (_url, _headers, _isGuarded) = (url, headers, isGuarded);

    /// <summary>Null for endpoints that need more than plain HTTP/1.1.</summary>
    public static LoopSender? TryCreate(Uri url, WireHeaders headers, bool isGuarded) =>
        url.Scheme == Uri.UriSchemeHttp && headers.ArePlain ? new LoopSender(url, headers, isGuarded) : null;

    /// <summary>The connections of a loop, on its thread.</summary>
    public LoopPool PoolOf(EventLoop loop, HttpWire wire) => _pools[loop.Index] ??= new LoopPool(loop, wire);

    /// <summary>Sends over a connection that is open already; null when there is none.</summary>
    public LoopConnection? TryStart(LoopPool pool, WireRequest request)
    {
        while (pool.TryTake() is { } connection)
        {
            try
            {
                connection.Start(request, PrefixOf(pool, request.Head));
                return connection;
            }
            catch (IOException)
            {
                // It had been closed in the meantime, and took nothing.
                connection.Close();
            }
        }

        return null;
    }

    /// <summary>Sends over a new connection.</summary>
    /// <exception cref="IOException">It took nothing, and is closed.</exception>
    public async ValueTask<LoopConnection> StartAsync(LoopPool pool, WireRequest request, CancellationToken cancellationToken)
    {
        var connection = new LoopConnection(pool, await ConnectAsync(pool.Loop, cancellationToken).ConfigureAwait(false));
        try
        {
            connection.Start(request, PrefixOf(pool, request.Head));
            return connection;
        }
        catch
        {
            connection.Close();
            throw;
        }
    }

    private async ValueTask<LoopSocket> ConnectAsync(EventLoop loop, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ConnectLimit);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var addresses = await ConnectGuard.ResolveAsync(_url.IdnHost, _url.Port, _isGuarded, ending.Token).ConfigureAwait(false);
            await loop.Enter();
            return await LoopConnector.ConnectAsync(loop, addresses, _url.Port, ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(new TimeoutException());
        }
        catch (Exception fault) when (fault is SocketException or AddressRefusedException)
        {
            throw Unreachable(fault);
        }
    }

    private static HttpRequestException Unreachable(Exception cause) => new(HttpRequestError.ConnectionError, null, cause);

    /// <summary>The head of every POST of a session, up to the headers that vary. Sessions are few, so one is remembered per loop.</summary>
    private byte[] PrefixOf(LoopPool pool, HttpSessionHead head)
    {
        if (pool.PrefixHead != head)
        {
            pool.PrefixHead = head;
            var lines = new StringBuilder($"POST {_url.PathAndQuery} HTTP/1.1\r\n");
            if (!_headers.NamesHost)
            {
                var host = _url.HostNameType == UriHostNameType.IPv6 ? $"[{_url.IdnHost}]" : _url.IdnHost;
                lines.Append("Host: ").Append(host).Append(_url.IsDefaultPort ? "" : $":{_url.Port}").Append("\r\n");
            }

            _headers.WriteFixed(HttpMethod.Post, head, new Lines(lines));
            lines.Append("Content-Type: application/json\r\n");
            pool.Prefix = Encoding.ASCII.GetBytes(lines.ToString());
        }

        return pool.Prefix;
    }

    private readonly struct Lines(StringBuilder text) : IWireHeaders
    {
        public void Add(string name, string value) => text.Append(name).Append(": ").Append(value).Append("\r\n");
    }
}
