using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Catalog;

/// <summary>What happens at a place of an entry when it is shown to a client.</summary>
internal enum SpliceKind : byte
{
    /// <summary>The own name's token, which the exposed name takes the place of. Tools and prompts of an aggregate.</summary>
    Name,

    /// <summary>Where a URI of an aggregate takes up the key.</summary>
    Uri,

    /// <summary>The same, for a URI without a scheme.</summary>
    RelativeUri,

    /// <summary><c>execution</c> with its comma, a member of legacy tools that modern clients do not know.</summary>
    Execution,
}

/// <summary>A place in an entry's JSON where something else may stand on the wire.</summary>
internal readonly record struct Splice(int Start, int Length, SpliceKind Kind)
{
    public int End => Start + Length;
}

/// <summary>
/// One tool, prompt, resource or resource template as its upstream described it, byte for byte, and the few places that exposing it touches.
/// Immutable, shared by every catalog that shows it. Read by <see cref="CatalogEntryReader"/>.
/// </summary>
internal sealed class CatalogEntry
{
    /// <summary>The entry's object as it came.</summary>
    public required byte[] Json { get; init; }

    /// <summary>The text that requests refer to it by: <c>name</c>, <c>uri</c> or <c>uriTemplate</c>.</summary>
    public required byte[] Name { get; init; }

    /// <summary>Where the raw token of that text stands in <see cref="Json"/>.</summary>
    public required ByteRange NameRange { get; init; }

    /// <summary>In the order of their places; they do not overlap.</summary>
    public required Splice[] Splices { get; init; }

    /// <summary>Arguments that a modern HTTP upstream wants repeated in headers.</summary>
    public IReadOnlyList<HeaderParameter> HeaderParameters { get; init; } = [];

    /// <summary>A tool that runs only as a task of revision 2025-11-25, which modern clients cannot ask for.</summary>
    public bool RequiresTask { get; init; }

    /// <summary>The raw JSON string token of <see cref="Name"/>, with the upstream's own escapes.</summary>
    public ReadOnlyMemory<byte> NameToken => Json.AsMemory(NameRange.Start, NameRange.Length);
}
