using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>Reads what clients say a webhook shall be, whole or as a change of the one there is. Faults go to the body's reading.</summary>
internal static class WebhookBody
{
    private const int LongestUrl = 2048;
    private const string MailPrefix = "mailto:";

    /// <param name="blank">What is not for clients to say.</param>
    public static WebhookConfig Read(AdminRequest request, RegistryConfig state, GatewaySettings settings, WebhookConfig blank, ConfigReading reading)
    {
        var body = new ConfigNode(request.Body, "", reading);
        var members = body.Members("name", "url", "events", "disabled", "organizationId") ?? [];
        var owner = TenantRules.ReadId(members, "organizationId") ?? request.Caller.OrganizationId;
        if (!request.Sees(owner) || state.Organizations.All(one => one.Id != owner))
        {
            reading.Fault(body.MemberPath("organizationId"), "is no organization that you administer");
        }

        return Read(body, members, settings, blank with { OrganizationId = owner });
    }

    public static WebhookConfig Change(AdminRequest request, GatewaySettings settings, WebhookConfig present, ConfigReading reading)
    {
        var body = new ConfigNode(MergePatch.Apply(json => WebhookJson.WriteEntry(json, present), request.Body), "", reading);
        return Read(body, body.Members("name", "url", "events", "disabled") ?? [], settings, present);
    }

    private static WebhookConfig Read(ConfigNode body, Dictionary<string, ConfigNode> members, GatewaySettings settings, WebhookConfig present) => present with
    {
        Name = TenantRules.ReadName(body, members),
        Url = ReadUrl(body, members, settings, present) ?? present.Url,
        Events = ReadEvents(members),
        Disabled = members.TryGetValue("disabled", out var disabled) && disabled.Flag() == true,
    };

    /// <summary>The URL as it is shown, with its path hidden, means the one there is.</summary>
    private static Uri? ReadUrl(ConfigNode body, Dictionary<string, ConfigNode> members, GatewaySettings settings, WebhookConfig present)
    {
        if (!members.TryGetValue("url", out var node))
        {
            body.Reading.Fault(body.MemberPath("url"), "is missing; say where alerts shall be sent to");
            return null;
        }

        if (node.Text() is not { } text || text == WebhookJson.Shown(present.Url))
        {
            return null;
        }

        if (text.StartsWith(MailPrefix, StringComparison.Ordinal))
        {
            return ReadMailbox(node, text, settings);
        }

        var fault = UpstreamRules.Url(text, out var url)
            ?? (text.Length > LongestUrl ? $"must have at most {LongestUrl} characters"
            : settings.AllowPrivateUpstreams ? null
            : url!.Scheme != Uri.UriSchemeHttps ? "must begin with https://"
            : ReachRules.WhyNotPublic(url));
        if (fault is not null)
        {
            node.Fault(fault);
            return null;
        }

        return url;
    }

    private static Uri? ReadMailbox(ConfigNode node, string text, GatewaySettings settings)
    {
        var fault = settings.Mail is null ? "needs a mail server; the operator names one under \"mail\" in the configuration file"
            : MailAddress.IsOne(text[MailPrefix.Length..]) ? null
            : $"{MailAddress.Rule} behind {MailPrefix}";
        if (fault is not null)
        {
            node.Fault(fault);
        }

        return fault is null ? new Uri(text) : null;
    }

    private static AlertKind[] ReadEvents(Dictionary<string, ConfigNode> members)
    {
        if (!members.TryGetValue("events", out var list))
        {
            return [];
        }

        var kinds = new SortedSet<AlertKind>();
        foreach (var item in list.Items() ?? [])
        {
            if (item.OneOf([.. AlertKinds.Subscribable]) is { } label)
            {
                kinds.Add(AlertKinds.Find(label)!.Value);
            }
        }

        return [.. kinds];
    }
}
