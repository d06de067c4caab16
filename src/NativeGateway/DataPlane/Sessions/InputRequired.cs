using System.Buffers;
using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>One question in an <c>input_required</c> result.</summary>
/// <param name="Key">Raw JSON token.</param>
/// <param name="Params">Raw JSON object; empty for none.</param>
internal sealed record InputRequest(ReadOnlyMemory<byte> Key, McpMethod Method, ReadOnlyMemory<byte> Params);

/// <summary>What a modern upstream wants before it finishes a request (2026-07-28, basic/patterns/mrtr). Holds copies.</summary>
/// <param name="State">The upstream's <c>requestState</c> as a raw JSON token; empty when it gave none.</param>
internal sealed record InputRequired(IReadOnlyList<InputRequest> Requests, ReadOnlyMemory<byte> State)
{
    private const int MaxRequests = 64;

    /// <summary>Whether a result is no result yet.</summary>
    public static bool Is(ReadOnlySpan<byte> source, ByteRange result)
    {
        var type = JsonMembers.Find(source, result, "resultType"u8);
        return type.IsPresent && type.Of(source).SequenceEqual("\"input_required\""u8);
    }

    /// <summary>Null when the result breaks the protocol: it asks for nothing, for too much, or for something without a method.</summary>
    public static InputRequired? Read(ReadOnlySpan<byte> source, ByteRange result)
    {
        var asked = JsonMembers.Find(source, result, "inputRequests"u8);
        var state = JsonMembers.Find(source, result, "requestState"u8);
        var requests = new List<InputRequest>();
        var members = new JsonMembers(source, asked);
        while (members.MoveNext())
        {
            var method = JsonMembers.Find(source, members.Value, "method"u8);
            if (!method.IsPresent || method.Of(source)[0] != '"' || requests.Count == MaxRequests)
            {
                return null;
            }

            var code = McpMethods.Find(method.Of(source)[1..^1]);
            var parameters = JsonMembers.Find(source, members.Value, "params"u8).Of(source).ToArray();
            requests.Add(new InputRequest(members.Name.Of(source).ToArray(), code, parameters));
        }

        return requests.Count == 0 && !state.IsPresent ? null : new InputRequired(requests, state.Of(source).ToArray());
    }

    /// <summary>
    /// Edits an <c>input_required</c> result that goes from one modern peer to another: the upstream's state, if there is one, is replaced; keys and
    /// questions stay, but for who asks.
    /// </summary>
    /// <param name="seal">Gives the text that stands for the upstream's state.</param>
    /// <param name="serverKey">The key to put before an elicitation's message; empty to leave it alone.</param>
    public static void Edit(MessageEditor editor, ByteRange result, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> seal, ReadOnlySpan<byte> serverKey)
    {
        var source = editor.Source;
        var state = JsonMembers.Find(source.Span, result, "requestState"u8);
        if (state.IsPresent)
        {
            var text = seal(source.Slice(state.Start, state.Length));
            editor.Replace(state, (byte[])[(byte)'"', .. text.Span, (byte)'"']);
        }

        if (serverKey.IsEmpty)
        {
            return;
        }

        var members = new JsonMembers(source.Span, JsonMembers.Find(source.Span, result, "inputRequests"u8));
        while (members.MoveNext())
        {
            if (JsonMembers.Find(source.Span, members.Value, "method"u8).Of(source.Span).SequenceEqual("\"elicitation/create\""u8))
            {
                Questions.Attribute(editor, JsonMembers.Find(source.Span, members.Value, "params"u8), serverKey);
            }
        }
    }

    /// <summary>
    /// The questions in the <c>data</c> of a legacy upstream's error -32042 (2025-11-25, client/elicitation, "URL Elicitation Required Error"): pages
    /// that the user has to visit before the call can work. Null when there are none.
    /// </summary>
    /// <param name="serverKey">The key to put before a message; empty to leave it alone.</param>
    public static List<OpenQuestion>? ReadUrlElicitations(ReadOnlySpan<byte> source, ByteRange error, ReadOnlySpan<byte> serverKey)
    {
        var questions = new List<OpenQuestion>();
        foreach (var page in Pages(source, error))
        {
            var key = System.Text.Encoding.ASCII.GetBytes($"page-{questions.Count + 1}");
            var parameters = Questions.ForModernClient(McpMethod.ElicitationCreate, page.Of(source), serverKey);
            questions.Add(new OpenQuestion(key, default, McpMethod.ElicitationCreate, parameters));
        }

        return questions.Count == 0 ? null : questions;
    }

    /// <summary>The ids of those pages, for a <c>requestState</c>; see <see cref="PageIds"/>.</summary>
    public static byte[] ReadPageIds(ReadOnlySpan<byte> source, ByteRange error)
    {
        var ids = new ArrayBufferWriter<byte>(64);
        foreach (var page in Pages(source, error))
        {
            var id = JsonMembers.Find(source, page, "elicitationId"u8).Of(source);
            if (JsonText.GetString(id) is not null)
            {
                // No JSON string holds a line break.
                ids.Write(id);
                ids.Write("\n"u8);
            }
        }

        return ids.WrittenSpan.ToArray();
    }

    /// <summary>The ids that <see cref="ReadPageIds"/> has read.</summary>
    public static IReadOnlyList<string> PageIds(ReadOnlyMemory<byte> ids)
    {
        var list = new List<string>();
        foreach (var line in ids.Span.Split((byte)'\n'))
        {
            if (JsonText.GetString(ids.Span[line]) is { } id)
            {
                list.Add(id);
            }
        }

        return list;
    }

    private static List<ByteRange> Pages(ReadOnlySpan<byte> source, ByteRange error)
    {
        var pages = new List<ByteRange>();
        var list = JsonMembers.Find(source, JsonMembers.Find(source, error, "data"u8), "elicitations"u8);
        var reader = new Utf8JsonReader(list.Of(source), new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        if (!list.IsPresent || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return pages;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject && pages.Count < MaxRequests)
        {
            var start = list.Start + (int)reader.TokenStartIndex;
            reader.Skip();
            pages.Add(new ByteRange(start, list.Start + (int)reader.BytesConsumed - start));
        }

        return pages;
    }
}
