using System.Buffers;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>Questions and answers as complete messages. Ids, keys and values are raw JSON tokens.</summary>
internal static class QuestionText
{
    /// <summary>To an upstream: the client cannot be asked, because it did not say that it understands the question, or no client is there.</summary>
    public static ReadOnlyMemory<byte> Refuse(ReadOnlySpan<byte> id, McpMethod question)
    {
        // For elicitation in a mode that the client lacks the code is prescribed (2025-11-25, client/elicitation, "Error Handling").
        var code = question == McpMethod.ElicitationCreate ? "-32602"u8 : "-32601"u8;
        return Error(id, code, "The client does not support this request."u8);
    }

    /// <summary>To an upstream: nobody answered in time.</summary>
    public static ReadOnlyMemory<byte> Dismiss(ReadOnlySpan<byte> id, McpMethod question) => question switch
    {
        McpMethod.ElicitationCreate => Answer(id, "{\"action\":\"cancel\"}"u8),
        McpMethod.SamplingCreateMessage => Error(id, "-1"u8, "The client did not answer in time."u8),
        _ => Error(id, "-32603"u8, "The client did not answer in time."u8),
    };

    /// <summary>To an upstream: what the client answered.</summary>
    public static ReadOnlyMemory<byte> Answer(ReadOnlySpan<byte> id, ReadOnlySpan<byte> result) =>
        (byte[])[.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"result\":"u8, .. result, .. "}"u8];

    /// <summary>To a legacy client: a question of a modern upstream.</summary>
    public static ReadOnlyMemory<byte> Ask(ReadOnlySpan<byte> id, McpMethod question, ReadOnlySpan<byte> parameters)
    {
        var text = new ArrayBufferWriter<byte>(parameters.Length + 128);
        text.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        text.Write(id);
        WriteCall(text, question, parameters);
        text.Write("}"u8);
        return text.WrittenMemory;
    }

    /// <summary>To a modern client: the answer to its request that asks for input (2026-07-28, basic/patterns/mrtr).</summary>
    /// <param name="state">Without quotes; holds nothing that JSON would have to escape.</param>
    public static ReadOnlyMemory<byte> InputRequired(
        ReadOnlySpan<byte> id, IEnumerable<OpenQuestion> questions, ReadOnlySpan<byte> state, ReadOnlySpan<byte> serverInfo)
    {
        var text = new ArrayBufferWriter<byte>(1024);
        text.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        text.Write(id);
        text.Write(",\"result\":{\"resultType\":\"input_required\",\"inputRequests\":{"u8);
        var isFirst = true;
        foreach (var question in questions)
        {
            text.Write(isFirst ? "\""u8 : ",\""u8);
            text.Write(question.Key);
            text.Write("\":{"u8);
            WriteCall(text, question.Method, question.Params.Span, isFirst: true);
            text.Write("}"u8);
            isFirst = false;
        }

        text.Write("},\"requestState\":\""u8);
        text.Write(state);
        text.Write("\",\"_meta\":{\""u8);
        text.Write(MetaKeys.ServerInfo);
        text.Write("\":"u8);
        text.Write(serverInfo);
        text.Write("}}}"u8);
        return text.WrittenMemory;
    }

    private static ReadOnlyMemory<byte> Error(ReadOnlySpan<byte> id, ReadOnlySpan<byte> code, ReadOnlySpan<byte> message) => (byte[])[
        .. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"error\":{\"code\":"u8, .. code, .. ",\"message\":\""u8, .. message, .. "\"}}"u8];

    private static void WriteCall(ArrayBufferWriter<byte> text, McpMethod method, ReadOnlySpan<byte> parameters, bool isFirst = false)
    {
        text.Write(isFirst ? "\"method\":\""u8 : ",\"method\":\""u8);
        text.Write(McpMethods.Text(method));
        text.Write("\""u8);
        if (!parameters.IsEmpty)
        {
            text.Write(",\"params\":"u8);
            text.Write(parameters);
        }
    }
}
