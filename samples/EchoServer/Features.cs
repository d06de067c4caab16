using System.Collections;
using System.ComponentModel;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EchoServer;

/// <summary>What the sample offers: a little of everything that a gateway has to carry.</summary>
internal static class Features
{
    public const string Name = "echo-server";

    public static McpServerOptions CreateOptions() => new()
    {
        ServerInfo = new Implementation { Name = Name, Title = "Echo", Version = "1.0.0" },
        ServerInstructions = "Tools for trying out a gateway: echo and add answer at once, slow reports progress, fail fails.",
        ToolCollection =
        [
            McpServerTool.Create(Echo, new() { Name = "echo", ReadOnly = true, Idempotent = true }),
            McpServerTool.Create(Add, new() { Name = "add", ReadOnly = true, Idempotent = true }),
            McpServerTool.Create(SlowAsync, new() { Name = "slow", ReadOnly = true }),
            McpServerTool.Create(Fail, new() { Name = "fail", ReadOnly = true }),
            McpServerTool.Create(ListEnvironment, new() { Name = "environment", ReadOnly = true }),
        ],
        PromptCollection = [McpServerPrompt.Create(Greet, new() { Name = "greeting" })],
        ResourceCollection = [McpServerResource.Create(About, new() { UriTemplate = "echo://about", Name = "about", MimeType = "text/plain" })],
    };

    [Description("Answers with the message.")]
    private static string Echo([Description("Any text.")] string message) => message;

    [Description("Adds two numbers.")]
    private static double Add(double a, double b) => a + b;

    [Description("Takes some time and reports progress ten times on the way.")]
    private static async Task<string> SlowAsync(
        [Description("How long, altogether.")] int milliseconds,
        IProgress<ProgressNotificationValue> progress,
        CancellationToken cancellationToken)
    {
        const int steps = 10;
        for (var step = 1; step <= steps; step++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds((double)milliseconds / steps), cancellationToken);
            progress.Report(new ProgressNotificationValue { Progress = step, Total = steps, Message = $"step {step} of {steps}" });
        }

        return $"done after {milliseconds} ms";
    }

    [Description("Always fails, as a tool does: with a result that says so.")]
    private static CallToolResult Fail() => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = "This tool always fails." }],
    };

    [Description("The names of this process's environment variables. Never their values.")]
    private static string[] ListEnvironment() =>
        [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(v => (string)v.Key).Order(StringComparer.Ordinal)];

    [Description("A greeting for somebody.")]
    private static string Greet([Description("Who is greeted.")] string name) => $"Write one friendly sentence that greets {name}.";

    [Description("What this server is.")]
    private static string About() => "A sample MCP server on the official C# SDK.";
}
