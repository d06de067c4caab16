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

    /// <summary>Where an <c>inputSchema</c> lacks the <c>type</c> that every revision demands; other members follow.</summary>
    InputType,

    /// <summary>The same in an empty schema.</summary>
    OnlyInputType,

    /// <summary>The beginning of an <c>outputSchema</c> that describes something else than an object, which only modern clients know.</summary>
    OutputStart,

    /// <summary>The end of one.</summary>
    OutputEnd,

    /// <summary>Such an <c>outputSchema</c> with its comma, where it cannot be put into another one because it refers to itself.</summary>
    Output,
}

/// <summary>What a kind of splice means.</summary>
internal static class SpliceKinds
{
    /// <summary>
    /// Whether it is made because client and upstream are of different eras. In a modern upstream's tool <c>execution</c> is somebody's extension.
    /// </summary>
    public static bool CrossesEras(this SpliceKind kind, bool isModernClient, bool isModernUpstream) => kind switch
    {
        SpliceKind.Execution => isModernClient && !isModernUpstream,
        SpliceKind.OutputStart or SpliceKind.OutputEnd or SpliceKind.Output => !isModernClient && isModernUpstream,
        _ => false,
    };

    /// <summary>What stands in that place then; empty also where that depends on the upstream.</summary>
    public static ReadOnlySpan<byte> Text(this SpliceKind kind) => kind switch
    {
        SpliceKind.InputType => "\"type\":\"object\","u8,
        SpliceKind.OnlyInputType => "\"type\":\"object\""u8,
        SpliceKind.OutputStart => "{\"type\":\"object\",\"properties\":{\"result\":"u8,
        SpliceKind.OutputEnd => "},\"required\":[\"result\"]}"u8,
        _ => default,
    };
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

    /// <summary>The tool's structured results need not be objects, so legacy clients get them as a member of one.</summary>
    public bool WrapsOutput { get; init; }

    /// <summary>A tool that runs only as a task of revision 2025-11-25, which modern clients cannot ask for.</summary>
    public bool RequiresTask { get; init; }

    /// <summary>The raw JSON string token of <see cref="Name"/>, with the upstream's own escapes.</summary>
    public ReadOnlyMemory<byte> NameToken => Json.AsMemory(NameRange.Start, NameRange.Length);
}
