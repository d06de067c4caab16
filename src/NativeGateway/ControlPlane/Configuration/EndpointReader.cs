using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Configuration;

/// <summary>Reads where a remote upstream is: <c>url</c>, or <c>endpoints</c>; and by <c>loadBalancing</c>, how calls are spread.</summary>
internal static class EndpointReader
{
    public static IReadOnlyList<EndpointConfig> Read(Dictionary<string, ConfigNode> members)
    {
        var endpoints = new List<EndpointConfig>();
        if (members.TryGetValue("url", out var single))
        {
            if (members.TryGetValue("endpoints", out var both))
            {
                both.Fault("stands beside \"url\"; put that URL into the list, or remove one of the two");
                return endpoints;
            }

            Add(single, null, 0, 1, endpoints);
        }
        else if (members.TryGetValue("endpoints", out var list))
        {
            ReadList(list, endpoints);
        }

        return endpoints;
    }

    public static LoadBalancing ReadBalancing(Dictionary<string, ConfigNode> members)
    {
        var text = members.TryGetValue("loadBalancing", out var balancing) ? balancing.OneOf("power-of-two", "round-robin", "first") : null;
        return text switch
        {
            "round-robin" => LoadBalancing.RoundRobin,
            "first" => LoadBalancing.First,
            _ => LoadBalancing.PowerOfTwo,
        };
    }

    private static void ReadList(ConfigNode list, List<EndpointConfig> endpoints)
    {
        if (list.Items() is not { } items)
        {
            return;
        }

        if (items.Count is 0 or > UpstreamRules.MaxEndpoints)
        {
            list.Fault($"must hold 1 to {UpstreamRules.MaxEndpoints} endpoints");
        }

        foreach (var item in items)
        {
            if (item.Members("url", "region", "priority", "weight") is not { } members)
            {
                continue;
            }

            var region = members.TryGetValue("region", out var r) ? r.Text() : null;
            var priority = members.TryGetValue("priority", out var p) ? p.Integer(0, 1000) : 0;
            var weight = members.TryGetValue("weight", out var w) ? w.Integer(1, 1000) : 1;
            if (members.TryGetValue("url", out var url))
            {
                Add(url, region, priority ?? 0, weight ?? 1, endpoints);
            }
            else
            {
                item.Fault("has no \"url\"; add it");
            }
        }
    }

    private static void Add(ConfigNode node, string? region, int priority, int weight, List<EndpointConfig> endpoints)
    {
        if (node.Text() is not { } text)
        {
            return;
        }

        if (UpstreamRules.Url(text, out var url) is { } problem)
        {
            node.Fault(problem);
        }
        else if (endpoints.Exists(endpoint => endpoint.Url == url))
        {
            node.Fault("is the URL of an earlier endpoint; use \"weight\" to give it more requests");
        }
        else
        {
            endpoints.Add(new EndpointConfig(url!, region, priority, weight));
        }
    }
}
