namespace NativeGateway.Protocol;

/// <summary>The methods of every MCP revision that the gateway itself has to know. Anything else is <see cref="Unknown"/> and travels by its text.</summary>
internal enum McpMethod : byte
{
    Unknown,
    Initialize,
    Ping,
    ServerDiscover,
    ToolsList,
    ToolsCall,
    PromptsList,
    PromptsGet,
    ResourcesList,
    ResourceTemplatesList,
    ResourcesRead,
    ResourcesSubscribe,
    ResourcesUnsubscribe,
    CompletionComplete,
    LoggingSetLevel,
    SubscriptionsListen,
    TasksGet,
    TasksList,
    TasksResult,
    TasksCancel,
    TasksUpdate,
    SamplingCreateMessage,
    ElicitationCreate,
    RootsList,
    NotifyInitialized,
    NotifyCancelled,
    NotifyProgress,
    NotifyMessage,
    NotifyRootsListChanged,
    NotifyToolsListChanged,
    NotifyPromptsListChanged,
    NotifyResourcesListChanged,
    NotifyResourceUpdated,
    NotifyElicitationComplete,
    NotifySubscriptionsAcknowledged,
    NotifyTasks,
    NotifyTaskStatus,
}

/// <summary>Method texts and codes (schema/*/schema.ts of every revision).</summary>
internal static class McpMethods
{
    private static readonly (McpMethod Code, byte[] Text)[] All =
    [
        (McpMethod.ToolsCall, "tools/call"u8.ToArray()),
        (McpMethod.ToolsList, "tools/list"u8.ToArray()),
        (McpMethod.ResourcesRead, "resources/read"u8.ToArray()),
        (McpMethod.PromptsGet, "prompts/get"u8.ToArray()),
        (McpMethod.Initialize, "initialize"u8.ToArray()),
        (McpMethod.Ping, "ping"u8.ToArray()),
        (McpMethod.ServerDiscover, "server/discover"u8.ToArray()),
        (McpMethod.PromptsList, "prompts/list"u8.ToArray()),
        (McpMethod.ResourcesList, "resources/list"u8.ToArray()),
        (McpMethod.ResourceTemplatesList, "resources/templates/list"u8.ToArray()),
        (McpMethod.ResourcesSubscribe, "resources/subscribe"u8.ToArray()),
        (McpMethod.ResourcesUnsubscribe, "resources/unsubscribe"u8.ToArray()),
        (McpMethod.CompletionComplete, "completion/complete"u8.ToArray()),
        (McpMethod.LoggingSetLevel, "logging/setLevel"u8.ToArray()),
        (McpMethod.SubscriptionsListen, "subscriptions/listen"u8.ToArray()),
        (McpMethod.TasksGet, "tasks/get"u8.ToArray()),
        (McpMethod.TasksList, "tasks/list"u8.ToArray()),
        (McpMethod.TasksResult, "tasks/result"u8.ToArray()),
        (McpMethod.TasksCancel, "tasks/cancel"u8.ToArray()),
        (McpMethod.TasksUpdate, "tasks/update"u8.ToArray()),
        (McpMethod.SamplingCreateMessage, "sampling/createMessage"u8.ToArray()),
        (McpMethod.ElicitationCreate, "elicitation/create"u8.ToArray()),
        (McpMethod.RootsList, "roots/list"u8.ToArray()),
        (McpMethod.NotifyInitialized, "notifications/initialized"u8.ToArray()),
        (McpMethod.NotifyCancelled, "notifications/cancelled"u8.ToArray()),
        (McpMethod.NotifyProgress, "notifications/progress"u8.ToArray()),
        (McpMethod.NotifyMessage, "notifications/message"u8.ToArray()),
        (McpMethod.NotifyRootsListChanged, "notifications/roots/list_changed"u8.ToArray()),
        (McpMethod.NotifyToolsListChanged, "notifications/tools/list_changed"u8.ToArray()),
        (McpMethod.NotifyPromptsListChanged, "notifications/prompts/list_changed"u8.ToArray()),
        (McpMethod.NotifyResourcesListChanged, "notifications/resources/list_changed"u8.ToArray()),
        (McpMethod.NotifyResourceUpdated, "notifications/resources/updated"u8.ToArray()),
        (McpMethod.NotifyElicitationComplete, "notifications/elicitation/complete"u8.ToArray()),
        (McpMethod.NotifySubscriptionsAcknowledged, "notifications/subscriptions/acknowledged"u8.ToArray()),
        (McpMethod.NotifyTasks, "notifications/tasks"u8.ToArray()),
        (McpMethod.NotifyTaskStatus, "notifications/tasks/status"u8.ToArray()),
    ];

    private static readonly byte[][] Texts = BuildTexts();

    private static readonly string[] Labels = Array.ConvertAll(Texts, text => text.Length == 0 ? "other" : System.Text.Encoding.ASCII.GetString(text));

    /// <summary>The code of an unquoted, unescaped method text; the most frequent ones are compared first.</summary>
    public static McpMethod Find(ReadOnlySpan<byte> text)
    {
        foreach (var (code, known) in All)
        {
            if (text.SequenceEqual(known))
            {
                return code;
            }
        }

        return McpMethod.Unknown;
    }

    /// <summary>Whether a request of that method is about one task, which <c>params.taskId</c> names.</summary>
    public static bool IsOfTask(this McpMethod method) =>
        method is McpMethod.TasksGet or McpMethod.TasksResult or McpMethod.TasksCancel or McpMethod.TasksUpdate;

    /// <summary>The method's text without quotes; empty for <see cref="McpMethod.Unknown"/>.</summary>
    public static ReadOnlySpan<byte> Text(McpMethod method) => Texts[(int)method];

    /// <summary>The method's text for a metric's label: what is not known is "other", so that callers cannot invent labels.</summary>
    public static string Label(McpMethod method) => Labels[(int)method];

    private static byte[][] BuildTexts()
    {
        var texts = new byte[Enum.GetValues<McpMethod>().Length][];
        Array.Fill(texts, []);
        foreach (var (code, text) in All)
        {
            texts[(int)code] = text;
        }

        return texts;
    }
}
