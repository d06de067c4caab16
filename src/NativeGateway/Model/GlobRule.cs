namespace NativeGateway.Model;

/// <summary>
/// Allow and deny globs over names. <c>*</c> stands for any characters, <c>?</c> for one; case-sensitive; deny wins;
/// an empty allow list allows everything.
/// </summary>
internal sealed record GlobRule(IReadOnlyList<string> Allow, IReadOnlyList<string> Deny)
{
    public static readonly GlobRule Everything = new([], []);
}
