using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Bridge;

/// <summary>
/// The headers that repeat what a modern message says (2026-07-28, basic/transports/streamable-http, "Mirrored Headers"). Which arguments of a tool
/// are among them is learned from the lists that pass by. Safe for many threads.
/// </summary>
internal sealed class MirroredHeaders
{
    private const int MaxTools = 10_000;

    private readonly ConcurrentDictionary<string, IReadOnlyList<HeaderParameter>> _tools = new(StringComparer.Ordinal);

    /// <summary>Looks at the result of a <c>tools/list</c>.</summary>
    public void Learn(ReadOnlySpan<byte> message, ByteRange result)
    {
        var tools = JsonMembers.Find(message, result, "tools"u8);
        if (!tools.IsPresent)
        {
            return;
        }

        var reader = new Utf8JsonReader(tools.Of(message), new JsonReaderOptions { MaxDepth = RpcReader.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var json = tools.Of(message)[start..(int)reader.BytesConsumed];
            if (CatalogEntryReader.Read(CatalogKind.Tools, json, out _) is { } tool)
            {
                Keep(Encoding.UTF8.GetString(tool.Name), tool.HeaderParameters);
            }
        }
    }

    public IReadOnlyList<KeyValuePair<string, string>> Of(BridgeMessage message)
    {
        if (!message.IsModern)
        {
            return [];
        }

        var bytes = message.Bytes.Span;
        var head = message.Head;
        var headers = new List<KeyValuePair<string, string>> { new("Mcp-Method", JsonText.GetString(head.Method.Of(bytes)) ?? "") };
        var named = head.MethodCode switch
        {
            McpMethod.ToolsCall or McpMethod.PromptsGet => head.Name,
            McpMethod.ResourcesRead => head.Uri,
            McpMethod.TasksGet or McpMethod.TasksUpdate or McpMethod.TasksCancel => head.TaskId,
            _ => default,
        };
        if (JsonText.GetString(named.Of(bytes)) is not { } name)
        {
            return headers;
        }

        headers.Add(new("Mcp-Name", MirroredHeader.Encode(name)));
        if (head.MethodCode == McpMethod.ToolsCall && _tools.TryGetValue(name, out var parameters))
        {
            foreach (var parameter in parameters)
            {
                if (parameter.ValueIn(bytes, head.Arguments) is { } value)
                {
                    headers.Add(new(parameter.Header, MirroredHeader.Encode(value)));
                }
            }
        }

        return headers;
    }

    private void Keep(string tool, IReadOnlyList<HeaderParameter> parameters)
    {
        if (parameters.Count == 0)
        {
            _tools.TryRemove(tool, out _);
        }
        else if (_tools.Count < MaxTools)
        {
            _tools[tool] = parameters;
        }
    }
}
