using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Registry;

/// <summary>
/// The settings that administrators change: one JSON text in the registry, in the shape of the file's <c>limits</c>, <c>network</c>,
/// <c>plans</c> and <c>stdio</c>. The file beats it.
/// </summary>
internal static class StoredSettings
{
    public const string Name = "gateway";

    private const string None = "{}";

    public static string TextOf(RegistryConfig registry) => registry.Settings.GetValueOrDefault(Name, None);

    /// <summary>What is in effect: the defaults, under what is stored, under what the file says.</summary>
    public static GatewaySettings Effective(RegistryConfig registry, FileConfig file)
    {
        using var document = JsonDocument.Parse(TextOf(registry));
        return file.Settings.ApplyTo(Read(new ConfigNode(document.RootElement, "", ConfigReading.OfJson())).ApplyTo(GatewaySettings.Default));
    }

    /// <summary>Only what cannot open the gateway or its network to anybody; the rest is for the file, which takes access to the machine.</summary>
    public static SettingsOverride Read(ConfigNode node)
    {
        if (node.Members("limits", "network", "plans", "stdio") is not { } members)
        {
            return new SettingsOverride();
        }

        Only(members, "network", "allowedOrigins");
        Only(members, "stdio", "maxProcesses");
        return SettingsReader.Read(members, authRequired: null);
    }

    /// <summary>Tells one state of the settings from another.</summary>
    public static string VersionOf(RegistryConfig registry) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(TextOf(registry))).AsSpan(0, 8));

    private static void Only(Dictionary<string, ConfigNode> members, string group, string allowed)
    {
        if (!members.TryGetValue(group, out var node) || node.Element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var member in node.Element.EnumerateObject().Where(member => member.Name != allowed))
        {
            node.Reading.Fault(node.MemberPath(member.Name), "can be set in the configuration file only");
        }
    }
}
