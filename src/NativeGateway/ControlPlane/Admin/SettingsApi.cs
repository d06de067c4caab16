using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/settings</c>: what is in effect, and a change of what may be changed here. For administrators of the instance.</summary>
internal sealed class SettingsApi(RegistryWriter registry)
{
    public async Task<AdminAnswer> GetAsync(AdminRequest request)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        var settings = StoredSettings.Effective(state, registry.File);
        return AdminAnswer.Of(json => Write(json, settings)) with { ETag = EntityTag.Of(StoredSettings.VersionOf(state)) };
    }

    public async Task<AdminAnswer> UpdateAsync(AdminRequest request)
    {
        if (request.IfMatch is null)
        {
            return AdminAnswer.Of(Problem.PreconditionRequired());
        }

        var refusal = await registry.ChangeAsync(request.Author, state => PlanUpdate(request, state), request.ClientGone);
        return refusal is null ? await GetAsync(request) : AdminAnswer.Of(refusal);
    }

    private static Plan PlanUpdate(AdminRequest request, RegistryConfig state)
    {
        if (EntityTag.Check(request.IfMatch, EntityTag.Of(StoredSettings.VersionOf(state))) is { } outdated)
        {
            return new Plan([], outdated);
        }

        using var stored = JsonDocument.Parse(StoredSettings.TextOf(state));
        var merged = MergePatch.Apply(
            json =>
            {
                foreach (var member in stored.RootElement.EnumerateObject())
                {
                    member.WriteTo(json);
                }
            },
            request.Body);
        var reading = ConfigReading.OfJson();
        StoredSettings.Read(new ConfigNode(merged, "", reading));
        return TenantRules.FaultsOf(reading) is { } faults ? new Plan([], faults) : Plan.Write(new SaveSetting(StoredSettings.Name, merged.GetRawText()));
    }

    private static void Write(Utf8JsonWriter json, GatewaySettings settings)
    {
        json.WriteStartObject("limits");
        if (settings.KeyLimits is { } limit)
        {
            json.WriteNumber("requestsPerMinute", limit.RequestsPerMinute);
            json.WriteNumber("burst", limit.Burst);
        }

        json.WriteLimit("address", settings.AddressCallLimits);
        json.WriteLimit("user", settings.UserCallLimits);
        json.WriteNumber("maxRequestBytes", settings.MaxRequestBytes);
        json.WriteNumber("maxConcurrentRequests", settings.MaxConcurrentRequests);
        json.WriteEndObject();
        json.WriteStartObject("network");
        json.WriteTexts("allowedOrigins", settings.AllowedOrigins);
        json.WriteTexts("trustedProxies", settings.TrustedProxies);
        json.WriteBoolean("allowPrivateUpstreams", settings.AllowPrivateUpstreams);
        json.WriteEndObject();
        json.WriteStartObject("plans");
        foreach (var name in settings.Plans.Keys.Order(StringComparer.Ordinal))
        {
            json.WriteQuotas(name, settings.Plans[name]);
        }

        json.WriteEndObject();
        json.WriteStartObject("stdio");
        json.WriteTexts("allowedCommands", settings.AllowedCommands);
        json.WriteNumber("maxProcesses", settings.MaxProcesses);
        json.WriteEndObject();
        json.WriteStartObject("auth");
        json.WriteBoolean("required", settings.AuthRequired);
        json.WriteEndObject();
    }
}
