using System.Text;
using NativeGateway.Model;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>The <c>instructions</c> of an aggregate: the workspace's own, then each upstream's under a heading with its key.</summary>
internal static class InstructionMerge
{
    /// <summary>Instructions go into the context of every conversation; a client should not have to pay for more than this.</summary>
    public const int MaxBytes = 16 * 1024;

    private const string Ellipsis = "…";

    /// <summary>Null when nobody has any. Upstreams that the caller may not use contribute nothing.</summary>
    public static string? Merge(WorkspaceCatalog catalog, Permissions caller)
    {
        var merged = new StringBuilder(Cut(catalog.Workspace.Instructions ?? "", MaxBytes));
        var left = MaxBytes - Encoding.UTF8.GetByteCount(merged.ToString());
        var sections = new List<Section>();
        foreach (var part in catalog.Parts)
        {
            if (caller.AllowsServer(part.Upstream) && Of(part) is { Length: > 0 } text)
            {
                var gap = merged.Length + sections.Count == 0 ? "" : "\n\n";
                sections.Add(new Section($"{gap}## {part.Upstream.Key}\n\n", text));
            }
        }

        var share = FairShare(sections, left);
        foreach (var section in sections)
        {
            var text = Cut(section.Text, Math.Min(section.Size, share) - section.Heading.Length);
            merged.Append(text.Length == 0 ? "" : section.Heading).Append(text);
        }

        return merged.Length == 0 ? null : merged.ToString();
    }

    /// <summary>What the operator wrote for an upstream, or else what it says itself.</summary>
    public static string? Of(CatalogPart part) => part.Upstream.Config.Instructions ?? part.Catalog?.Peer.Instructions;

    private sealed record Section(string Heading, string Text)
    {
        public int Size { get; } = Heading.Length + Encoding.UTF8.GetByteCount(Text);
    }

    /// <summary>How much each may take for all to have room: short ones leave more to the long, and a long one silences nobody behind it.</summary>
    private static int FairShare(List<Section> sections, int room)
    {
        var waiting = sections.Count;
        foreach (var size in sections.Select(section => section.Size).Order())
        {
            if (size > room / waiting)
            {
                return room / waiting;
            }

            room -= size;
            waiting--;
        }

        return int.MaxValue;
    }

    private static string Cut(string text, int maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return text;
        }

        var (length, bytes) = (0, Encoding.UTF8.GetByteCount(Ellipsis));
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return length == 0 ? "" : string.Concat(text.AsSpan(0, length), Ellipsis);
    }
}
