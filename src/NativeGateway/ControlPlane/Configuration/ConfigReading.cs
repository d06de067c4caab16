namespace NativeGateway.ControlPlane.Configuration;

/// <summary>What one pass over a configuration collects: every fault and warning, and where variables come from.</summary>
/// <param name="variables">Looks an environment variable up; null when it is not set. Without it a text is what it says.</param>
/// <param name="strict">Unknown members are faults (the gateway's own file) or warnings (another client's file).</param>
/// <param name="pointers">Places are told as JSON pointers (RFC 6901) instead of JSON paths.</param>
internal sealed class ConfigReading(Func<string, string?>? variables, bool strict = true, bool pointers = false)
{
    private readonly List<ConfigFault> _faults = [];
    private readonly List<ConfigFault> _warnings = [];

    public IReadOnlyList<ConfigFault> Faults => _faults;

    public IReadOnlyList<ConfigFault> Warnings => _warnings;

    public Func<string, string?>? Variables { get; } = variables;

    public bool UsesPointers => pointers;

    /// <summary>For JSON that a program sent: nothing in it is a variable, and the root's place is the empty pointer.</summary>
    public static ConfigReading OfJson(bool strict = true) => new(variables: null, strict, pointers: true);

    public void Fault(string where, string message) => _faults.Add(new ConfigFault(where, message));

    public void Warn(string where, string message) => _warnings.Add(new ConfigFault(where, message));

    public void Unknown(string where, string message)
    {
        if (strict)
        {
            Fault(where, message);
        }
        else
        {
            Warn(where, message + "; ignored");
        }
    }
}
