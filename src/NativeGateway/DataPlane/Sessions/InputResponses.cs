using System.Buffers;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>The answers that travel in <c>inputResponses</c>, in both directions.</summary>
internal static class InputResponses
{
    /// <summary>
    /// Finds the open question for each of a modern client's answers. Unknown keys are left out. Null when an answer has not the shape of one, or
    /// is given twice.
    /// </summary>
    public static Dictionary<OpenQuestion, ReadOnlyMemory<byte>>? Match(IReadOnlyList<OpenQuestion> open, ReadOnlyMemory<byte> source, ByteRange responses)
    {
        var answers = new Dictionary<OpenQuestion, ReadOnlyMemory<byte>>();
        var members = new JsonMembers(source.Span, responses);
        if (responses.IsPresent && !members.IsObject)
        {
            return null;
        }

        Span<byte> scratch = stackalloc byte[64];
        while (members.MoveNext())
        {
            if (!JsonText.TryGetText(members.Name.Of(source.Span), scratch, out var key) || Find(open, key) is not { } question)
            {
                continue;
            }

            if (!Questions.IsAnswer(question.Method, source.Span, members.Value)
                || !answers.TryAdd(question, source.Slice(members.Value.Start, members.Value.Length)))
            {
                return null;
            }
        }

        return answers;
    }

    /// <summary>Whether the user turned one of the questions down, all of which are elicitations.</summary>
    public static bool AnyRefusal(ReadOnlySpan<byte> source, ByteRange responses)
    {
        var members = new JsonMembers(source, responses);
        while (members.MoveNext())
        {
            var action = JsonMembers.Find(source, members.Value, "action"u8);
            if (action.IsPresent && !action.Of(source).SequenceEqual("\"accept\""u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The members by which a request to a modern upstream is repeated, to stand before others in <c>params</c>. Empty for a first request.
    /// </summary>
    /// <param name="state">The upstream's own state, exactly as it came; empty when it gave none, for then none may be sent.</param>
    public static ReadOnlyMemory<byte> ToMembers(IReadOnlyList<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)> answers, ReadOnlyMemory<byte> state)
    {
        var text = new ArrayBufferWriter<byte>(256);
        if (answers.Count > 0)
        {
            text.Write("\"inputResponses\":{"u8);
            for (var i = 0; i < answers.Count; i++)
            {
                text.Write(i == 0 ? default : ","u8);
                text.Write(answers[i].Key.Span);
                text.Write(":"u8);
                text.Write(answers[i].Value.Span);
            }

            text.Write("}"u8);
        }

        if (!state.IsEmpty)
        {
            text.Write(text.WrittenCount > 0 ? ",\"requestState\":"u8 : "\"requestState\":"u8);
            text.Write(state.Span);
        }

        return text.WrittenMemory;
    }

    private static OpenQuestion? Find(IReadOnlyList<OpenQuestion> open, ReadOnlySpan<byte> key)
    {
        foreach (var question in open)
        {
            if (key.SequenceEqual(question.Key))
            {
                return question;
            }
        }

        return null;
    }
}
