using System.Buffers;
using System.Text.Json;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>How calls end that their upstream did not end.</summary>
internal static class CallEnds
{
    public static readonly TimeSpan HumanPatience = CallClock.HumanPatience;

    /// <summary>More rounds of questions than a call can sensibly have.</summary>
    public const int MaxRounds = 16;

    public static GatewayError Abandoned(CallClock clock, Model.Upstream target)
    {
        if (clock.IsCalledOff)
        {
            return new GatewayError(ErrorKind.ClientGone, "The client cancelled the request.");
        }

        return clock.AwaitsHuman
            ? new GatewayError(ErrorKind.InputFailed, $"The client did not answer the server '{target.Key}' within {HumanPatience.TotalMinutes:0} min.")
            : new GatewayError(
                ErrorKind.UpstreamTimeout,
                $"The server '{target.Key}' was silent for {target.Config.Timeout.TotalSeconds:0.###} s (mcpServers.{target.Key}.timeout).");
    }

    public static GatewayError TooManyAtOnce(Model.Upstream target) =>
        new(
            ErrorKind.Saturated,
            $"The server '{target.Key}' works on as many calls as it may at once, {target.Config.MaxConcurrent} (mcpServers.{target.Key}.limits.maxConcurrent).")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
            LimitScope = "concurrency",
        };

    public static GatewayError TooManyRounds(Model.Upstream target) =>
        new(ErrorKind.InputFailed, $"The server '{target.Key}' asked for input more than {MaxRounds} times in one call.");

    /// <summary>A modern client asks for a task without declaring the extension (SEP-2663).</summary>
    public static readonly GatewayError MissingTasks = new(ErrorKind.MissingCapability, "The request does not declare the tasks extension.")
    {
        Data = """{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}"""u8.ToArray(),
    };

    /// <summary>What a modern client lacks, in the form in which it would declare it (2026-07-28, basic/index, "Errors").</summary>
    public static GatewayError MissingCapability(ClientCapabilities missing)
    {
        var data = new ArrayBufferWriter<byte>(96);
        using (var writer = new Utf8JsonWriter(data))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("requiredCapabilities"u8);
            ClientCapabilityWriter.Write(writer, missing);
            writer.WriteEndObject();
        }

        return new GatewayError(ErrorKind.MissingCapability, "The server needs a client capability that this request does not declare.")
        {
            Data = data.WrittenMemory,
        };
    }

    /// <summary>
    /// The upstream's question found no answer that could be given to it. A model that called a tool shall read why; other callers get an error.
    /// </summary>
    public static async ValueTask<GatewayError?> UnansweredAsync(Exchange exchange, string why)
    {
        if (exchange.Message.MethodCode != McpMethod.ToolsCall)
        {
            return new GatewayError(ErrorKind.InputFailed, why);
        }

        exchange.AnsweredWithToolError = true;
        var result = new ArrayBufferWriter<byte>(192);
        result.Write(exchange.Revision.IsModern ? "{\"resultType\":\"complete\","u8 : "{"u8);
        result.Write("\"content\":[{\"type\":\"text\",\"text\":"u8);
        result.Write(JsonText.Quote(why));
        result.Write("}],\"isError\":true}"u8);
        await LocalMethods.ReplyAsync(exchange, result.WrittenMemory).ConfigureAwait(false);
        return null;
    }
}
