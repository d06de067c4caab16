using System.Buffers;
using System.Text.Json;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>
/// The <c>capabilities</c> that a client gets to see, as raw JSON. For an aggregate: the union of what the upstreams offer and the gateway can
/// carry. An upstream that the caller may not use contributes nothing.
/// </summary>
internal static class CapabilityMerge
{
    /// <summary>
    /// Capabilities of the aggregate. Lists are always announced as changing, whatever the upstreams say: the gateway's own list changes when
    /// an upstream comes, goes or comes back. Tools are always offered, and all lists as long as an upstream is still unknown, because a legacy
    /// client asks only once. <c>tasks</c> and <c>experimental</c> are never offered: nothing would route them. The tasks of modern peers are an
    /// extension.
    /// </summary>
    /// <param name="withExtensions">True for modern clients, and for legacy ones that named extensions themselves.</param>
    public static void Write(IBufferWriter<byte> writer, WorkspaceCatalog catalog, Permissions caller, bool withExtensions)
    {
        var features = PeerFeatures.Tools;
        var ui = ReadOnlyMemory<byte>.Empty;
        foreach (var part in catalog.Parts)
        {
            if (!caller.AllowsServer(part.Upstream))
            {
                continue;
            }

            var capabilities = part.Catalog?.Capabilities;
            features |= capabilities?.Features ?? (PeerFeatures.Prompts | PeerFeatures.Resources);
            ui = capabilities is null ? ui : MergeSettings(ui, capabilities.Ui);
        }

        Write(writer, withExtensions ? features : features & ~PeerFeatures.TasksExtension, withExtensions ? ui : default);
    }

    /// <summary>
    /// Capabilities of one upstream, as it gave them, without the list of tasks, which would show those of all its clients. Where client and
    /// upstream are of different eras, what does not exist in the client's, or cannot be carried over, is left out.
    /// </summary>
    public static void WriteSingle(IBufferWriter<byte> writer, CatalogPart part, bool isModern, bool withExtensions)
    {
        if (part.Catalog is not { } catalog)
        {
            Write(writer, PeerFeatures.Tools | PeerFeatures.Prompts | PeerFeatures.Resources, default);
            return;
        }

        var crossesEras = catalog.Peer.Revision.IsModern != isModern;
        var editor = new MessageEditor();
        editor.Reset(catalog.Peer.Capabilities);
        var json = catalog.Peer.Capabilities.Span;
        var whole = new ByteRange(0, json.Length);
        var removal = new MemberRemoval(editor, whole);
        var members = new JsonMembers(json, whole);
        while (members.MoveNext())
        {
            var (isTasks, isExtensions) = (members.NameIs(json, "tasks"u8), members.NameIs(json, "extensions"u8));
            var isLeftOut = (isTasks && isModern)
                || (crossesEras && (isTasks || members.NameIs(json, "experimental"u8) || (isExtensions && !withExtensions)));
            removal.Next(members, isLeftOut);
            if (!isLeftOut && isTasks)
            {
                Filter(editor, members.Value, "list"u8, keeps: false);
            }
            else if (!isLeftOut && isExtensions && crossesEras)
            {
                Filter(editor, members.Value, PeerCapabilities.UiExtension, keeps: true);
            }
        }

        removal.End();
        editor.WriteTo(writer);
    }

    /// <summary>
    /// The same without what a client could only have of a gateway that has a way back to it outside its requests: changed lists, subscriptions,
    /// and a log level that outlives the request.
    /// </summary>
    public static ReadOnlyMemory<byte> WithoutWayBack(ReadOnlyMemory<byte> capabilities)
    {
        var editor = new MessageEditor();
        editor.Reset(capabilities);
        var whole = new ByteRange(0, capabilities.Length);
        var removal = new MemberRemoval(editor, whole);
        var members = new JsonMembers(capabilities.Span, whole);
        while (members.MoveNext())
        {
            var isLogging = members.NameIs(capabilities.Span, "logging"u8);
            removal.Next(members, isLogging);
            if (!isLogging)
            {
                RemoveChanges(editor, members.Value);
            }
        }

        removal.End();
        var rest = new ArrayBufferWriter<byte>(capabilities.Length);
        editor.WriteTo(rest);
        return rest.WrittenMemory;
    }

    /// <summary>Keeps or removes the member of that name, and does the opposite with all others.</summary>
    private static void Filter(MessageEditor editor, ByteRange target, ReadOnlySpan<byte> name, bool keeps)
    {
        var source = editor.Source.Span;
        var removal = new MemberRemoval(editor, target);
        var members = new JsonMembers(source, target);
        while (members.MoveNext())
        {
            removal.Next(members, members.NameIs(source, name) != keeps);
        }

        removal.End();
    }

    private static void RemoveChanges(MessageEditor editor, ByteRange list)
    {
        var source = editor.Source.Span;
        var removal = new MemberRemoval(editor, list);
        var members = new JsonMembers(source, list);
        while (members.MoveNext())
        {
            removal.Next(members, members.NameIs(source, "listChanged"u8) || members.NameIs(source, "subscribe"u8));
        }

        removal.End();
    }

    /// <summary>Settings of one extension that differ between upstreams say nothing that holds for all of them.</summary>
    private static ReadOnlyMemory<byte> MergeSettings(ReadOnlyMemory<byte> all, ReadOnlyMemory<byte> next)
    {
        return next.IsEmpty ? all
            : all.IsEmpty || all.Span.SequenceEqual(next.Span) ? next
            : "{}"u8.ToArray();
    }

    private static void Write(IBufferWriter<byte> writer, PeerFeatures features, ReadOnlyMemory<byte> ui)
    {
        using var json = new Utf8JsonWriter(writer);
        json.WriteStartObject();
        WriteEmpty(json, "completions"u8, features, PeerFeatures.Completions);
        WriteEmpty(json, "logging"u8, features, PeerFeatures.Logging);
        WriteList(json, "prompts"u8, features, PeerFeatures.Prompts);
        WriteList(json, "resources"u8, features, PeerFeatures.Resources);
        WriteList(json, "tools"u8, features, PeerFeatures.Tools);
        WriteExtensions(json, features, ui);

        json.WriteEndObject();
    }

    private static void WriteExtensions(Utf8JsonWriter json, PeerFeatures features, ReadOnlyMemory<byte> ui)
    {
        if (ui.IsEmpty && (features & PeerFeatures.TasksExtension) == 0)
        {
            return;
        }

        json.WriteStartObject("extensions"u8);
        WriteEmpty(json, PeerCapabilities.TasksExtension, features, PeerFeatures.TasksExtension);
        if (!ui.IsEmpty)
        {
            json.WritePropertyName(PeerCapabilities.UiExtension);
            json.WriteRawValue(ui.Span, skipInputValidation: true);
        }

        json.WriteEndObject();
    }

    private static void WriteEmpty(Utf8JsonWriter json, ReadOnlySpan<byte> name, PeerFeatures features, PeerFeatures feature)
    {
        if ((features & feature) != 0)
        {
            json.WriteStartObject(name);
            json.WriteEndObject();
        }
    }

    private static void WriteList(Utf8JsonWriter json, ReadOnlySpan<byte> name, PeerFeatures features, PeerFeatures feature)
    {
        if ((features & feature) == 0)
        {
            return;
        }

        json.WriteStartObject(name);
        json.WriteBoolean("listChanged"u8, true);
        if (feature == PeerFeatures.Resources && (features & PeerFeatures.ResourcesSubscribe) != 0)
        {
            json.WriteBoolean("subscribe"u8, true);
        }

        json.WriteEndObject();
    }
}
