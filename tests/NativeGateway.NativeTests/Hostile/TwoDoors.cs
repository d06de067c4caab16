using System.Net;
using System.Text;
using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Hostile;

/// <summary>The same gateway with and without its lean door, to be asked the same.</summary>
public sealed class TwoDoors : IAsyncLifetime
{
    /// <summary>
    /// Lines that end whatever a connection may still wait for: a head, a body or a chunk. So the gateway closes each connection by itself, and nobody
    /// has to wait to see that nothing more comes.
    /// </summary>
    private static readonly byte[] Filler = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("Z: z\r\n\r\n", 1500)));

    private readonly LeanDoorGateway _lean = new();
    private readonly KestrelGateway _kestrel = new();

    internal HostileGateway Lean => _lean;

    internal HostileGateway Kestrel => _kestrel;

    internal IEnumerable<HostileGateway> All => [_lean, _kestrel];

    /// <summary>Says all of that on one connection, and what ends it; the answers until it is closed.</summary>
    internal static async Task<IReadOnlyList<Reply>> AskAsync(HostileGateway door, byte[] bytes, IPAddress? from = null)
    {
        using var connection = await RawConnection.OpenAsync(door.Gateway.Port, from);
        await connection.TryWriteAsync((byte[])[.. bytes, .. Filler]);
        var replies = new List<Reply>();
        while (await connection.TryReadReplyAsync() is { } reply)
        {
            replies.Add(reply);
        }

        return replies;
    }

    public Task InitializeAsync() => Task.WhenAll(_lean.InitializeAsync(), _kestrel.InitializeAsync());

    public async Task DisposeAsync()
    {
        await _lean.DisposeAsync();
        await _kestrel.DisposeAsync();
    }
}
