using NativeGateway.Protocol;

namespace NativeGateway.Model;

/// <summary>Methods as usage tells them apart.</summary>
internal enum UsageMethod : byte
{
    /// <summary>Everything that is not named here, and requests that were refused before they were read.</summary>
    Other,
    ToolCall,
    PromptGet,
    ResourceRead,

    /// <summary>All lists, of whatever kind.</summary>
    List,
    Completion,

    /// <summary>What keeps a session alive: the handshake, discovery, pings, log levels, subscriptions.</summary>
    Session,
    Task,
}

/// <summary>Which method belongs to which group, and the groups' texts in stores and exports, which are never changed once released.</summary>
internal static class UsageMethods
{
    private static readonly string[] Texts = ["other", "tools/call", "prompts/get", "resources/read", "list", "completion", "session", "tasks"];

    public static UsageMethod Of(McpMethod method) => method switch
    {
        McpMethod.ToolsCall => UsageMethod.ToolCall,
        McpMethod.PromptsGet => UsageMethod.PromptGet,
        McpMethod.ResourcesRead => UsageMethod.ResourceRead,
        McpMethod.ToolsList or McpMethod.PromptsList or McpMethod.ResourcesList or McpMethod.ResourceTemplatesList => UsageMethod.List,
        McpMethod.CompletionComplete => UsageMethod.Completion,
        McpMethod.Initialize or McpMethod.Ping or McpMethod.ServerDiscover or McpMethod.LoggingSetLevel or McpMethod.SubscriptionsListen
            or McpMethod.ResourcesSubscribe or McpMethod.ResourcesUnsubscribe => UsageMethod.Session,
        McpMethod.TasksGet or McpMethod.TasksList or McpMethod.TasksResult or McpMethod.TasksCancel or McpMethod.TasksUpdate => UsageMethod.Task,
        _ => UsageMethod.Other,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Labels => Texts;

    public static string Label(this UsageMethod method) => Texts[(int)method];

    /// <summary>The group of that label; null when there is none.</summary>
    public static UsageMethod? Find(string label) => Array.IndexOf(Texts, label) is var index and >= 0 ? (UsageMethod)index : null;
}
