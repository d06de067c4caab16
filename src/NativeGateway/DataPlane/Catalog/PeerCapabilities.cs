using System.Text.Json;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>The server capabilities that an aggregate can carry.</summary>
[Flags]
internal enum PeerFeatures
{
    None = 0,
    Tools = 1,
    Prompts = 2,
    Resources = 4,
    Completions = 8,
    Logging = 16,
    ToolsListChanged = 32,
    PromptsListChanged = 64,
    ResourcesListChanged = 128,
    ResourcesSubscribe = 256,

    /// <summary>The extension <c>io.modelcontextprotocol/tasks</c>.</summary>
    TasksExtension = 512,
}

/// <summary>An upstream's capabilities, read once. Whatever is no object offers nothing.</summary>
/// <param name="Ui">The settings of <c>io.modelcontextprotocol/ui</c> as raw JSON; empty when it is not offered.</param>
internal sealed record PeerCapabilities(PeerFeatures Features, ReadOnlyMemory<byte> Ui)
{
    public static readonly PeerCapabilities None = new(PeerFeatures.None, default);

    /// <summary>An extension that needs nothing but what an aggregate routes anyway.</summary>
    public static ReadOnlySpan<byte> UiExtension => "io.modelcontextprotocol/ui"u8;

    public static ReadOnlySpan<byte> TasksExtension => "io.modelcontextprotocol/tasks"u8;

    public bool Offers(CatalogKind kind) => Has(kind switch
    {
        CatalogKind.Tools => PeerFeatures.Tools,
        CatalogKind.Prompts => PeerFeatures.Prompts,
        _ => PeerFeatures.Resources,
    });

    public bool Has(PeerFeatures feature) => (Features & feature) == feature;

    /// <summary>True when the upstream says of all its lists that it will tell of their changes.</summary>
    public bool AnnouncesEveryChange =>
        (!Has(PeerFeatures.Tools) || Has(PeerFeatures.ToolsListChanged))
        && (!Has(PeerFeatures.Prompts) || Has(PeerFeatures.PromptsListChanged))
        && (!Has(PeerFeatures.Resources) || Has(PeerFeatures.ResourcesListChanged));

    public static PeerCapabilities Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            return ReadMembers(json);
        }
        catch (JsonException)
        {
            return None;
        }
    }

    private static PeerCapabilities ReadMembers(ReadOnlyMemory<byte> json)
    {
        var (features, ui) = (PeerFeatures.None, ReadOnlyMemory<byte>.Empty);
        var reader = new Utf8JsonReader(json.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return None;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("tools"u8))
            {
                features |= ReadFeature(ref reader, PeerFeatures.Tools, PeerFeatures.ToolsListChanged);
            }
            else if (reader.ValueTextEquals("prompts"u8))
            {
                features |= ReadFeature(ref reader, PeerFeatures.Prompts, PeerFeatures.PromptsListChanged);
            }
            else if (reader.ValueTextEquals("resources"u8))
            {
                features |= ReadFeature(ref reader, PeerFeatures.Resources, PeerFeatures.ResourcesListChanged);
            }
            else if (reader.ValueTextEquals("completions"u8))
            {
                features |= ReadFeature(ref reader, PeerFeatures.Completions, PeerFeatures.None);
            }
            else if (reader.ValueTextEquals("logging"u8))
            {
                features |= ReadFeature(ref reader, PeerFeatures.Logging, PeerFeatures.None);
            }
            else if (reader.ValueTextEquals("extensions"u8))
            {
                features |= ReadExtensions(ref reader, json, ref ui);
            }
            else
            {
                RpcReader.ReadValue(ref reader);
            }
        }

        return new PeerCapabilities(features, ui);
    }

    private static PeerFeatures ReadFeature(ref Utf8JsonReader reader, PeerFeatures feature, PeerFeatures listChanged)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return PeerFeatures.None;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var offered = reader.ValueTextEquals("listChanged"u8) ? listChanged
                : feature == PeerFeatures.Resources && reader.ValueTextEquals("subscribe"u8) ? PeerFeatures.ResourcesSubscribe
                : PeerFeatures.None;
            reader.Read();
            feature |= reader.TokenType == JsonTokenType.True ? offered : PeerFeatures.None;
            reader.Skip();
        }

        return feature;
    }

    private static PeerFeatures ReadExtensions(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, ref ReadOnlyMemory<byte> ui)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return PeerFeatures.None;
        }

        var features = PeerFeatures.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUi = reader.ValueTextEquals(UiExtension);
            features |= reader.ValueTextEquals(TasksExtension) ? PeerFeatures.TasksExtension : PeerFeatures.None;
            var settings = RpcReader.ReadValue(ref reader);
            ui = isUi ? json.Slice(settings.Start, settings.Length) : ui;
        }

        return features;
    }
}
