namespace NativeGateway.Model;

/// <summary>How a request ended: the <c>outcome</c> label of metrics and what usage is counted by. Every request has exactly one.</summary>
internal enum CallOutcome : byte
{
    Ok,

    /// <summary>The tool answered with <c>isError</c>: the call worked, the tool did not.</summary>
    ToolError,

    /// <summary>The upstream answered with a JSON-RPC error.</summary>
    ServerError,

    /// <summary>The upstream could not be reached, or answered with something that is no answer.</summary>
    Unavailable,
    Timeout,

    /// <summary>The upstream asked for input that nobody gave.</summary>
    Unanswered,

    /// <summary>A bug in the gateway.</summary>
    Internal,
    Forbidden,
    Limited,

    /// <summary>No message that could be acted on: malformed, of an unknown method, tool or session.</summary>
    Invalid,
    Saturated,

    /// <summary>The client went away or cancelled.</summary>
    Cancelled,

    /// <summary>No valid key, so that nobody can be charged with it: in the metrics only.</summary>
    Unauthenticated,
}

/// <summary>The texts of outcomes, in metrics, stores and exports; never changed once released.</summary>
internal static class CallOutcomes
{
    private static readonly string[] Texts =
    [
        "ok", "tool_error", "error", "unavailable", "timeout", "unanswered", "internal", "forbidden", "limited", "invalid", "saturated",
        "cancelled", "unauthenticated",
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Labels => Texts;

    public static string Label(this CallOutcome outcome) => Texts[(int)outcome];

    /// <summary>The outcome of that label; null when there is none.</summary>
    public static CallOutcome? Find(string label) => Array.IndexOf(Texts, label) is var index and >= 0 ? (CallOutcome)index : null;

    /// <summary>The gateway refused the request: nothing was executed.</summary>
    public static bool IsRefusal(this CallOutcome outcome) =>
        outcome is CallOutcome.Unauthenticated or CallOutcome.Forbidden or CallOutcome.Limited or CallOutcome.Invalid or CallOutcome.Saturated;
}
