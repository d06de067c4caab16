using System.Buffers;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// The one place where two eras of MCP meet. Between peers of one era nothing here changes a byte, but for what a modern answer may not lack.
/// Each method adds edits to a message; what is not edited travels as it came. Stateless and thread-safe.
/// </summary>
internal sealed class RevisionBridge(ReadOnlyMemory<byte> gatewayInfo)
{
    private static readonly ReadOnlyMemory<byte> Complete = "\"resultType\":\"complete\""u8.ToArray();
    private static readonly ReadOnlyMemory<byte> CacheHints = "\"ttlMs\":0,\"cacheScope\":\"private\""u8.ToArray();

    private readonly ModernEnvelope _envelope = new(gatewayInfo);

    /// <summary>
    /// Moves a request from the client's era into the upstream's, and its progress token to the gateway's own.
    /// </summary>
    /// <param name="progressToken">The token to send upstream; empty when the client asked for no progress.</param>
    /// <param name="declared">For a legacy client of a modern upstream: what each request has to say of the client.</param>
    /// <param name="keepsTask">The client may have a legacy upstream run its call as a task.</param>
    /// <param name="input">For the same: further members of <c>params</c>, see <see cref="InputResponses.ToMembers"/>.</param>
    public void EditRequest(
        MessageEditor editor,
        in RpcMessage message,
        ProtocolRevision client,
        ProtocolRevision upstream,
        ReadOnlyMemory<byte> progressToken,
        DeclaredClient declared,
        ReadOnlyMemory<byte> input,
        bool keepsTask)
    {
        var dropped = Dropped(message, client, upstream, keepsTask);
        if (message.ProgressToken.IsPresent)
        {
            editor.Replace(message.ProgressToken, progressToken);
        }

        if (client.IsModern && !upstream.IsModern)
        {
            RemoveModernKeys(editor, message);
            RemoveParams(editor, message, dropped);
        }
        else if (!client.IsModern && upstream.IsModern)
        {
            _envelope.AddTo(editor, message, declared, input, othersFollow: RemoveParams(editor, message, dropped));
        }
        else if (!dropped.IsEmpty)
        {
            RemoveParams(editor, message, dropped);
        }
    }

    /// <summary>Moves a result from the upstream's era into the client's. True when it is a modern one that asks for input.</summary>
    /// <param name="serverInfo">Raw JSON object that names the server to a modern client.</param>
    public static bool EditResult(
        MessageEditor editor, in RpcMessage reply, McpMethod method, ProtocolRevision client, ProtocolRevision upstream, ReadOnlyMemory<byte> serverInfo)
    {
        if (client.IsModern)
        {
            return AddModernMembers(editor, reply.Result, method, serverInfo);
        }

        if (upstream.IsModern)
        {
            RemoveModernMembers(editor, reply.Result);
        }

        return false;
    }

    /// <summary>Moves the code of an upstream's error into the client's era (a missing resource is the one code that changed its number).</summary>
    public static void EditError(MessageEditor editor, in RpcMessage reply, McpMethod method, ProtocolRevision client, ProtocolRevision upstream)
    {
        var isMissing = method == McpMethod.ResourcesRead && client != upstream && reply.ErrorCode == upstream.ResourceNotFoundCode;
        if (isMissing && client.ResourceNotFoundCode != reply.ErrorCode)
        {
            var code = JsonMembers.Find(editor.Source.Span, reply.Error, "code"u8);
            editor.Replace(code, client.ResourceNotFoundCode == -32002 ? "-32002"u8.ToArray() : "-32602"u8.ToArray());
        }
    }

    private static bool HasCacheHints(McpMethod method) => method
        is McpMethod.ToolsList or McpMethod.PromptsList or McpMethod.ResourcesList or McpMethod.ResourceTemplatesList or McpMethod.ResourcesRead;

    private static bool AddModernMembers(MessageEditor editor, ByteRange result, McpMethod method, ReadOnlyMemory<byte> serverInfo)
    {
        var source = editor.Source.Span;
        var members = new JsonMembers(source, result);
        if (!members.IsObject)
        {
            return false;
        }

        var (hasTtl, hasScope, hasMembers, type, meta) = (false, false, false, default(ByteRange), default(ByteRange));
        while (members.MoveNext())
        {
            hasMembers = true;
            if (members.NameIs(source, "resultType"u8))
            {
                type = members.Value;
            }
            else if (members.NameIs(source, "_meta"u8))
            {
                meta = members.Value;
            }

            hasTtl |= members.NameIs(source, "ttlMs"u8);
            hasScope |= members.NameIs(source, "cacheScope"u8);
        }

        var added = new ArrayBufferWriter<byte>(256);
        if (!type.IsPresent)
        {
            added.Write(Complete.Span);
        }

        var isComplete = !type.IsPresent || type.Of(source).SequenceEqual("\"complete\""u8);

        if (isComplete && HasCacheHints(method) && !hasTtl && !hasScope)
        {
            WriteSeparated(added, CacheHints.Span);
        }

        AddServerInfo(editor, added, meta, serverInfo);
        Insert(editor, result, added, hasMembers);
        return !isComplete && type.Of(source).SequenceEqual("\"input_required\""u8);
    }

    private static void AddServerInfo(MessageEditor editor, ArrayBufferWriter<byte> added, ByteRange meta, ReadOnlyMemory<byte> serverInfo)
    {
        if (serverInfo.IsEmpty || (meta.IsPresent && JsonMembers.Find(editor.Source.Span, meta, MetaKeys.ServerInfo).IsPresent))
        {
            return;
        }

        var entry = new ArrayBufferWriter<byte>(serverInfo.Length + 64);
        entry.Write("\""u8);
        entry.Write(MetaKeys.ServerInfo);
        entry.Write("\":"u8);
        entry.Write(serverInfo.Span);
        if (meta.IsPresent)
        {
            Insert(editor, meta, entry, new JsonMembers(editor.Source.Span, meta).MoveNext());
            return;
        }

        WriteSeparated(added, "\"_meta\":{"u8);
        added.Write(entry.WrittenSpan);
        added.Write("}"u8);
    }

    private static void RemoveModernMembers(MessageEditor editor, ByteRange result)
    {
        var source = editor.Source.Span;
        var removal = new MemberRemoval(editor, result);
        var members = new JsonMembers(source, result);
        while (members.MoveNext())
        {
            var isMeta = members.NameIs(source, "_meta"u8);
            var isModern = members.NameIs(source, "resultType"u8) || members.NameIs(source, "ttlMs"u8) || members.NameIs(source, "cacheScope"u8)
                || (isMeta && HoldsOnlyServerInfo(source, members.Value));
            removal.Next(members, isModern);
            if (isMeta && !isModern)
            {
                RemoveServerInfo(editor, members.Value);
            }
        }

        removal.End();
    }

    private static bool HoldsOnlyServerInfo(ReadOnlySpan<byte> source, ByteRange meta)
    {
        var members = new JsonMembers(source, meta);
        return members.MoveNext() && members.NameIs(source, MetaKeys.ServerInfo) && !members.MoveNext();
    }

    private static void RemoveServerInfo(MessageEditor editor, ByteRange meta)
    {
        var removal = new MemberRemoval(editor, meta);
        var members = new JsonMembers(editor.Source.Span, meta);
        while (members.MoveNext())
        {
            removal.Next(members, members.NameIs(editor.Source.Span, MetaKeys.ServerInfo));
        }

        removal.End();
    }

    /// <summary>A further member of <c>params</c> that the upstream must not see; empty for none.</summary>
    private static ReadOnlySpan<byte> Dropped(in RpcMessage message, ProtocolRevision client, ProtocolRevision upstream, bool keepsTask)
    {
        var isUnwantedTask = message.Task.IsPresent && !upstream.IsModern && (client.IsModern || !keepsTask);
        return isUnwantedTask ? "task"u8
            : message.MethodCode == McpMethod.CompletionComplete && !upstream.HasCompletionContext ? "context"u8
            : default;
    }

    private static void RemoveModernKeys(MessageEditor editor, in RpcMessage message)
    {
        var removal = new MemberRemoval(editor, message.Meta);
        var members = new JsonMembers(editor.Source.Span, message.Meta);
        while (members.MoveNext())
        {
            var isModern = members.Value == message.MetaVersion || members.Value == message.MetaCapabilities
                || members.Value == message.MetaClientInfo || members.Value == message.MetaLogLevel;
            removal.Next(members, isModern);
        }

        removal.End();
    }

    /// <summary>
    /// Answers to input requests mean nothing on a legacy wire, and those of a legacy client would be its own invention. True when other members
    /// stay.
    /// </summary>
    private static bool RemoveParams(MessageEditor editor, in RpcMessage message, ReadOnlySpan<byte> dropped)
    {
        var source = editor.Source.Span;
        var members = new JsonMembers(source, message.Params);
        if (!message.InputResponses.IsPresent && !message.RequestState.IsPresent && dropped.IsEmpty)
        {
            return members.MoveNext();
        }

        var removal = new MemberRemoval(editor, message.Params);
        var othersStay = false;
        while (members.MoveNext())
        {
            var isDropped = members.Value == message.InputResponses || members.Value == message.RequestState
                || (!dropped.IsEmpty && members.NameIs(source, dropped));
            removal.Next(members, isDropped);
            othersStay |= !isDropped;
        }

        removal.End();
        return othersStay;
    }

    /// <summary>Puts members at the beginning of an object.</summary>
    private static void Insert(MessageEditor editor, ByteRange target, ArrayBufferWriter<byte> members, bool othersFollow)
    {
        if (members.WrittenCount == 0)
        {
            return;
        }

        if (othersFollow)
        {
            members.Write(","u8);
        }

        editor.Insert(target.Start + 1, members.WrittenMemory);
    }

    private static void WriteSeparated(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> text)
    {
        if (buffer.WrittenCount > 0)
        {
            buffer.Write(","u8);
        }

        buffer.Write(text);
    }
}
