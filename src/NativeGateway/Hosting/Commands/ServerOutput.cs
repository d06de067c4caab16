using NativeGateway.ControlPlane.Admin;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Commands;

/// <summary>How upstreams are shown in tables.</summary>
internal static class ServerOutput
{
    public static string Where(UpstreamConfig upstream)
    {
        return upstream.Command is { } command
            ? string.Join(' ', [command.FileName, .. ServerJson.Shown(command.Arguments, ServerJson.Hidden)])
            : string.Join(", ", upstream.Endpoints.Select(endpoint => ServerJson.Shown(endpoint.Url)));
    }
}
