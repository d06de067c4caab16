using System.Text;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// The ids by which clients know tasks, of 2025-11-25 (basic/utilities/tasks) and of the extension of 2026-07-28. Upstreams see the gateway's
/// credentials, so their own ids would serve anybody: clients get sealed ones, which are good for the key that began the task, and say at which
/// upstream. They hold after a restart and at other replicas.
/// </summary>
internal sealed class TaskIds(StateSeal seal)
{
    private const int UpstreamIdLength = 16;

    private static ReadOnlySpan<byte> Extension => "\"io.modelcontextprotocol/tasks\""u8;

    /// <summary>Where the task of an id of this caller's is, and the upstream's own id of it; null for anything else.</summary>
    public (Guid UpstreamId, byte[] OwnId)? Open(Model.Caller caller, ReadOnlySpan<byte> id) => seal.Open(id, BindingOf(caller)) is { } plain
        ? (new Guid(plain.AsSpan(0, UpstreamIdLength)), plain[UpstreamIdLength..])
        : null;

    /// <summary>Whether a modern request declares the extension.</summary>
    public static bool IsDeclared(Exchange exchange) => exchange.Text(exchange.Message.MetaCapabilities).IndexOf(Extension) >= 0;

    /// <summary>Puts the client's ids into a result, in the place of the upstream's.</summary>
    public void EditResult(Exchange exchange, MessageEditor editor, ByteRange result)
    {
        var source = editor.Source.Span;
        switch (exchange.Message.MethodCode)
        {
            case McpMethod.ToolsCall when MayBeTask(exchange):
                var task = !exchange.Revision.IsModern ? JsonMembers.Find(source, result, "task"u8)
                    : JsonMembers.Find(source, result, "resultType"u8).Of(source).SequenceEqual("\"task\""u8) ? result
                    : default;
                Seal(exchange, editor, JsonMembers.Find(source, task, "taskId"u8));
                break;
            case McpMethod.TasksResult:
                EditRelated(exchange, editor, JsonMembers.Find(source, result, "_meta"u8));
                break;
            case McpMethod.TasksGet or McpMethod.TasksCancel or McpMethod.TasksUpdate:
                Restore(exchange, editor, JsonMembers.Find(source, result, "taskId"u8));
                break;
            default:
                break;
        }
    }

    /// <summary>The same in a message that precedes the result of a task of 2025-11-25.</summary>
    public static void EditRelated(Exchange exchange, MessageEditor editor, ByteRange meta)
    {
        if (exchange.Message.MethodCode == McpMethod.TasksResult)
        {
            var related = JsonMembers.Find(editor.Source.Span, meta, MetaKeys.RelatedTask);
            Restore(exchange, editor, JsonMembers.Find(editor.Source.Span, related, "taskId"u8));
        }
    }

    /// <summary>Only a call that asks for it becomes a task: each of 2025-11-25 by itself, each of the extension by what its client declares.</summary>
    private static bool MayBeTask(Exchange exchange) => exchange.Revision.IsModern ? IsDeclared(exchange) : exchange.Message.Task.IsPresent;

    private void Seal(Exchange exchange, MessageEditor editor, ByteRange id)
    {
        if (JsonText.GetString(id.Of(editor.Source.Span)) is { } ownId)
        {
            var sealedId = seal.Seal([.. exchange.Target!.Id.ToByteArray(), .. Encoding.UTF8.GetBytes(ownId)], BindingOf(exchange.Caller));
            editor.Replace(id, (byte[])[(byte)'"', .. sealedId, (byte)'"']);
        }
    }

    private static void Restore(Exchange exchange, MessageEditor editor, ByteRange id)
    {
        if (id.IsPresent)
        {
            editor.Replace(id, exchange.Body.Slice(exchange.Message.TaskId.Start, exchange.Message.TaskId.Length));
        }
    }

    private static byte[] BindingOf(Model.Caller caller) => [.. caller.Workspace!.Id.ToByteArray(), .. Encoding.UTF8.GetBytes(caller.KeyId)];
}
