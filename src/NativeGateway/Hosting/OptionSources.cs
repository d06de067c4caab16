using NativeGateway.ControlPlane.Configuration;

namespace NativeGateway.Hosting;

/// <summary>A value and the place that it came from, which a fault names.</summary>
internal readonly record struct Sourced(string Value, string Origin);

/// <summary>Puts the command line over the environment over the file, for one option.</summary>
/// <param name="fileName">Null where no file was read.</param>
internal sealed class OptionSources(EnvironmentOptions environment, string? fileName, ConfigReading reading)
{
    public Sourced? Choose(string? argument, string option, string variable, string? file, string path)
    {
        if (argument is not null)
        {
            return new Sourced(argument, option);
        }

        if (environment.Text(variable) is { } value)
        {
            return new Sourced(value, EnvironmentOptions.Prefix + variable);
        }

        return file is null ? null : new Sourced(file, FileOrigin(path));
    }

    public bool Switch(bool argument, string option, string variable, bool? file, out string origin)
    {
        origin = argument ? option : EnvironmentOptions.Prefix + variable;
        return argument || (environment.Flag(variable, reading) ?? file ?? false);
    }

    public string FileOrigin(string path) => $"{fileName} {path}".TrimStart();
}
