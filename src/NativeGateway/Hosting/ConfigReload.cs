using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>Reads the configuration file again and puts it into use, whole or not at all.</summary>
internal sealed class ConfigReload(
    ConfigFileState atStart, IReadOnlyDictionary<string, string> environment, RegistryLoader loader, ILogger<ConfigReload> logger)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var unreadable = new List<ConfigFault>();
        if (OptionsLoader.ReadFile(atStart.Path, name => environment.GetValueOrDefault(name), unreadable) is not { } file)
        {
            Report(unreadable);
            return;
        }

        if (file.Faults.Count > 0)
        {
            Report(file.Faults);
            return;
        }

        foreach (var warning in file.Warnings)
        {
            logger.ConfigurationWarning(warning.ToString());
        }

        var faults = await loader.UseFileAsync(file.Registry, cancellationToken);
        if (faults.Count > 0)
        {
            Report(faults.Select(fault => new ConfigFault("", fault)));
            return;
        }

        logger.ConfigurationReloaded(file.Registry.Upstreams.Count, file.Registry.Keys.Count);
        var late = string.Join(", ", file.Options.DifferencesFrom(atStart.Options));
        if (late.Length > 0)
        {
            logger.RestartNeeded(late);
        }
    }

    private void Report(IEnumerable<ConfigFault> faults)
    {
        foreach (var fault in faults)
        {
            logger.ConfigurationFault(fault.ToString());
        }
    }
}
