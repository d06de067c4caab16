using System.Text;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Policy;

/// <summary>What of an upstream a call uses.</summary>
internal enum PermissionKind
{
    /// <summary>Only the upstream itself.</summary>
    Server,
    Tool,
    Prompt,
    Resource,
}

/// <summary>
/// Decides whether a caller may use what a call was resolved to. The one place that calls and lists both ask, so that nothing is shown that
/// cannot be used.
/// </summary>
internal static class PermissionCheck
{
    private const int MaxShownLength = 128;

    public static PermissionKind KindOf(in RpcMessage message) => message.MethodCode switch
    {
        McpMethod.ToolsCall => PermissionKind.Tool,
        McpMethod.PromptsGet => PermissionKind.Prompt,
        McpMethod.ResourcesRead or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe => PermissionKind.Resource,
        McpMethod.CompletionComplete => message.Uri.IsPresent ? PermissionKind.Resource : PermissionKind.Prompt,
        _ => PermissionKind.Server,
    };

    /// <summary>Whether something of an upstream may be used, and so be seen in lists.</summary>
    /// <param name="ownName">The name or URI at the upstream; ignored for <see cref="PermissionKind.Server"/>.</param>
    public static bool Allows(Caller caller, Model.Upstream upstream, PermissionKind kind, ReadOnlySpan<byte> ownName) =>
        caller.Permissions.AllowsServer(upstream) && kind switch
        {
            PermissionKind.Tool => upstream.Tools.Allows(ownName) && caller.Permissions.AllowsTool(upstream, ownName),
            PermissionKind.Prompt => caller.Permissions.AllowsPrompt(upstream, ownName),
            PermissionKind.Resource => caller.Permissions.AllowsResource(upstream, ownName),
            _ => true,
        };

    /// <summary>The same as a stage of the pipeline.</summary>
    /// <param name="sentName">The name or URI as the caller wrote it, unescaped: the only one that the answer may repeat.</param>
    public static GatewayError? Check(
        Caller caller, Model.Upstream upstream, PermissionKind kind, ReadOnlySpan<byte> ownName, ReadOnlySpan<byte> sentName)
    {
        if (Allows(caller, upstream, kind, ownName))
        {
            return null;
        }

        var what = kind switch
        {
            PermissionKind.Tool => "tool",
            PermissionKind.Prompt => "prompt",
            PermissionKind.Resource => "resource",
            _ => "server",
        };
        var shown = Shown(sentName);
        return new GatewayError(ErrorKind.Forbidden, shown.Length == 0 ? $"This key may not use this {what}." : $"This key may not use the {what} '{shown}'.")
        {
            Detail = $"The permissions of key '{caller.KeyId}' or the tool filter of server '{upstream.Key}' exclude it.",
        };
    }

    /// <summary>Short and on one line, whatever a caller sends as a name.</summary>
    private static string Shown(ReadOnlySpan<byte> name)
    {
        var text = Encoding.UTF8.GetString(name[..Math.Min(name.Length, MaxShownLength)]);
        return string.Create(text.Length, text, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
