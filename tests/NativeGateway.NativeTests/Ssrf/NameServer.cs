using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace NativeGateway.NativeTests.Ssrf;

/// <summary>A name service (RFC 1035, over UDP) whose answers a test decides anew for each question. It forbids everybody to keep them.</summary>
internal sealed class NameServer : IAsyncDisposable
{
    private const int HeaderLength = 12;
    private const ushort AddressV4 = 1;
    private const ushort AddressV6 = 28;

    private readonly ConcurrentDictionary<string, string[][]> _answers = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, int> _asked = new(StringComparer.OrdinalIgnoreCase);
    private readonly Socket _socket;
    private readonly Task _answering;

    /// <param name="socket">Bound to where questions arrive.</param>
    public NameServer(Socket socket)
    {
        _socket = socket;
        _answering = AnswerAsync();
    }

    /// <summary>From now on a name has these addresses, to one question after the other: several lists take turns.</summary>
    public void Set(string name, params string[][] addresses) => _answers[name] = addresses;

    /// <summary>How often a name's IPv4 addresses were asked for.</summary>
    public int Asked(string name) => _asked.GetValueOrDefault(name);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _answering;
    }

    private async Task AnswerAsync()
    {
        var buffer = new byte[512];
        while (true)
        {
            try
            {
                var question = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                await _socket.SendToAsync(Answer(buffer.AsSpan(0, question.ReceivedBytes)), question.RemoteEndPoint);
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private byte[] Answer(ReadOnlySpan<byte> query)
    {
        var (name, end) = ReadName(query);
        var type = BinaryPrimitives.ReadUInt16BigEndian(query[end..]);
        var question = query[HeaderLength..(end + 4)];
        var addresses = Find(name, type).Where(address => address.AddressFamily == FamilyOf(type)).ToArray();
        using var answer = new MemoryStream();
        answer.Write(query[..2]);
        answer.Write([0x81, (byte)(_answers.ContainsKey(name) ? 0x80 : 0x83), 0, 1, 0, (byte)addresses.Length, 0, 0, 0, 0]);
        answer.Write(question);
        foreach (var address in addresses)
        {
            var bytes = address.GetAddressBytes();

            // The name again, by its place; type, class IN, not a second to live, length, address.
            answer.Write([0xC0, HeaderLength, 0, (byte)type, 0, 1, 0, 0, 0, 0, 0, (byte)bytes.Length]);
            answer.Write(bytes);
        }

        return answer.ToArray();
    }

    private IEnumerable<IPAddress> Find(string name, ushort type)
    {
        if (!_answers.TryGetValue(name, out var lists))
        {
            return [];
        }

        // Both questions of one look-up see the same list: that for IPv4 addresses moves on.
        var turn = type == AddressV4 ? _asked.AddOrUpdate(name, 1, (_, count) => count + 1) - 1 : Math.Max(0, Asked(name) - 1);
        return lists[turn % lists.Length].Select(IPAddress.Parse);
    }

    private static AddressFamily FamilyOf(ushort type) => type switch
    {
        AddressV4 => AddressFamily.InterNetwork,
        AddressV6 => AddressFamily.InterNetworkV6,
        _ => AddressFamily.Unknown,
    };

    private static (string Name, int End) ReadName(ReadOnlySpan<byte> query)
    {
        var labels = new List<string>();
        var at = HeaderLength;
        while (query[at] is var length and > 0)
        {
            labels.Add(Encoding.ASCII.GetString(query.Slice(at + 1, length)));
            at += length + 1;
        }

        return (string.Join('.', labels), at + 1);
    }
}
