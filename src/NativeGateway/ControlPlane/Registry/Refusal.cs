using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>Why a change of the registry is not made.</summary>
internal enum RefusalKind
{
    /// <summary>What was given is wrong; see <see cref="Refusal.Faults"/>.</summary>
    Invalid,

    /// <summary>There is no such thing, or none that the caller may know of.</summary>
    NotFound,

    /// <summary>It does not go together with what there is.</summary>
    Conflict,

    /// <summary>The caller may not.</summary>
    Forbidden,

    /// <summary>It has become another than the one the caller has seen.</summary>
    Outdated,

    /// <summary>Too much is being changed at once; the same change may succeed a moment later.</summary>
    Busy,
}

/// <summary>Why an operation was refused, for the person who asked for it.</summary>
internal sealed record Refusal(RefusalKind Kind, string Message)
{
    /// <summary>Every single thing that is wrong with what was given, by its place in there.</summary>
    public IReadOnlyList<ConfigFault> Faults { get; init; } = [];
}

/// <summary>What shall be written, or why nothing is. Decided on one state of the registry.</summary>
internal readonly record struct Plan(IReadOnlyList<RegistryWrite> Writes, Refusal? Refusal)
{
    public static readonly Plan Nothing = new([], null);

    public static Plan Write(params IReadOnlyList<RegistryWrite> writes) => new(writes, null);

    public static Plan Refuse(RefusalKind kind, string message) => new([], new Refusal(kind, message));
}
