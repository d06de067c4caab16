namespace NativeGateway.ControlPlane.Configuration;

/// <summary>One thing that is wrong with the configuration and what to do about it. Never holds a configured value: it may be a secret.</summary>
/// <param name="Where">A JSON path, an option or an environment variable; empty for the file as a whole.</param>
internal sealed record ConfigFault(string Where, string Message)
{
    public override string ToString() => Where.Length == 0 ? Message : $"{Where}: {Message}";
}
