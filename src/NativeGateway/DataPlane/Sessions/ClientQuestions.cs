using System.Buffers;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// The questions that one call of a legacy client has put to that client: its clock stands still as long as one of them is open, and none
/// outlives the call. Asked by one thread; answers come on others.
/// </summary>
internal sealed class ClientQuestions(Session session, CallClock clock)
{
    private readonly List<(byte[] ClientId, ReadOnlyMemory<byte> UpstreamId)> _asked = [];

    /// <summary>Opens a question; its raw id token toward the client, or null when the client has too many already.</summary>
    /// <param name="upstreamId">The raw id token by which an upstream would withdraw it; empty when it cannot.</param>
    public byte[]? Open(AnswerTaker taker, ReadOnlyMemory<byte> upstreamId)
    {
        clock.Asked();
        var id = session.Pending.Add((message, head, cancellationToken) =>
        {
            clock.Answered();
            return taker(message, head, cancellationToken);
        });
        if (id is null)
        {
            clock.Answered();
            return null;
        }

        _asked.Add((id, upstreamId));
        return id;
    }

    /// <summary>Hands the client's answer to the legacy upstream that asked, under the upstream's id.</summary>
    public static AnswerTaker PassTo(IUpstreamSession asker, ReadOnlyMemory<byte> upstreamId) => async (message, head, cancellationToken) =>
    {
        var editor = new MessageEditor();
        editor.Reset(message);
        editor.Replace(head.Id, upstreamId);
        var answer = new ArrayBufferWriter<byte>(editor.Length);
        editor.WriteTo(answer);
        await asker.PostAsync(answer.WrittenMemory, cancellationToken).ConfigureAwait(false);
    };

    /// <summary>An upstream withdraws its question: the client's raw id token for it, if the client has not answered yet.</summary>
    public ReadOnlyMemory<byte> Withdraw(ReadOnlySpan<byte> upstreamId)
    {
        foreach (var (clientId, id) in _asked)
        {
            if (id.Span.SequenceEqual(upstreamId) && session.Pending.Remove(clientId))
            {
                clock.Answered();
                return clientId;
            }
        }

        return default;
    }

    /// <summary>Forgets what is still open; the raw id tokens of that, toward the client.</summary>
    public IReadOnlyList<byte[]> Close() => [.. _asked.Select(question => question.ClientId).Where(id => session.Pending.Remove(id))];
}
