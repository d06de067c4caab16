using System.Text.Json;

namespace NativeGateway.Protocol;

/// <summary>Reads the members of <c>params</c> that routing, permission and bridging need; the second half of <see cref="RpcReader"/>.</summary>
internal static class ParamsReader
{
    /// <summary>Reads <c>params</c> with the reader on its member name. False when it is no object or a member of interest stands twice.</summary>
    public static bool Read(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var once = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            once &= ReadMember(ref reader, ref message);
        }

        message.Params = new ByteRange(start, (int)reader.BytesConsumed - start);
        return once;
    }

    private static bool ReadMember(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        if (reader.ValueTextEquals("name"u8))
        {
            return Take(ref reader, ref message.Name);
        }

        if (reader.ValueTextEquals("arguments"u8))
        {
            return Take(ref reader, ref message.Arguments);
        }

        if (reader.ValueTextEquals("_meta"u8))
        {
            return ReadMeta(ref reader, ref message);
        }

        if (reader.ValueTextEquals("uri"u8))
        {
            return Take(ref reader, ref message.Uri);
        }

        if (reader.ValueTextEquals("cursor"u8))
        {
            return Take(ref reader, ref message.Cursor);
        }

        return ReadRareMember(ref reader, ref message);
    }

    private static bool ReadRareMember(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        if (reader.ValueTextEquals("ref"u8))
        {
            return ReadReference(ref reader, ref message);
        }

        if (reader.ValueTextEquals("requestId"u8))
        {
            return Take(ref reader, ref message.RequestId);
        }

        if (reader.ValueTextEquals("progressToken"u8))
        {
            return Take(ref reader, ref message.NotifiedProgressToken);
        }

        if (reader.ValueTextEquals("taskId"u8))
        {
            return Take(ref reader, ref message.TaskId);
        }

        if (reader.ValueTextEquals("task"u8))
        {
            return Take(ref reader, ref message.Task);
        }

        if (reader.ValueTextEquals("level"u8))
        {
            return Take(ref reader, ref message.Level);
        }

        if (reader.ValueTextEquals("protocolVersion"u8))
        {
            return Take(ref reader, ref message.InitializeVersion);
        }

        if (reader.ValueTextEquals("capabilities"u8))
        {
            return Take(ref reader, ref message.InitializeCapabilities);
        }

        if (reader.ValueTextEquals("clientInfo"u8))
        {
            return Take(ref reader, ref message.InitializeClientInfo);
        }

        if (reader.ValueTextEquals("notifications"u8))
        {
            return Take(ref reader, ref message.ListenFilter);
        }

        if (reader.ValueTextEquals("inputResponses"u8))
        {
            return Take(ref reader, ref message.InputResponses);
        }

        if (reader.ValueTextEquals("requestState"u8))
        {
            return Take(ref reader, ref message.RequestState);
        }

        var isLookalike = Lookalike.OfParams(ref reader);
        RpcReader.ReadValue(ref reader);
        return !isLookalike;
    }

    private static bool ReadMeta(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var once = !message.Meta.IsPresent;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            once &= ReadMetaMember(ref reader, ref message);
        }

        message.Meta = new ByteRange(start, (int)reader.BytesConsumed - start);
        return once;
    }

    private static bool ReadMetaMember(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        if (reader.ValueTextEquals("progressToken"u8))
        {
            return Take(ref reader, ref message.ProgressToken);
        }

        if (reader.ValueTextEquals(MetaKeys.ProtocolVersion))
        {
            return Take(ref reader, ref message.MetaVersion);
        }

        if (reader.ValueTextEquals(MetaKeys.ClientCapabilities))
        {
            return Take(ref reader, ref message.MetaCapabilities);
        }

        if (reader.ValueTextEquals(MetaKeys.ClientInfo))
        {
            return Take(ref reader, ref message.MetaClientInfo);
        }

        if (reader.ValueTextEquals(MetaKeys.LogLevel))
        {
            return Take(ref reader, ref message.MetaLogLevel);
        }

        RpcReader.ReadValue(ref reader);
        return true;
    }

    /// <summary><c>ref</c> of <c>completion/complete</c>: a prompt by name or a resource template by URI.</summary>
    private static bool ReadReference(ref Utf8JsonReader reader, ref RpcMessage message)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return true;
        }

        var once = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                once &= Take(ref reader, ref message.Name);
            }
            else if (reader.ValueTextEquals("uri"u8))
            {
                once &= Take(ref reader, ref message.Uri);
            }
            else
            {
                once &= !Lookalike.OfReference(ref reader);
                RpcReader.ReadValue(ref reader);
            }
        }

        return once;
    }

    private static bool Take(ref Utf8JsonReader reader, ref ByteRange place)
    {
        var first = !place.IsPresent;
        place = RpcReader.ReadValue(ref reader);
        return first;
    }
}
