using System.Globalization;
using System.Net;

namespace NativeGateway.Hosting;

/// <summary>Where the gateway accepts connections: <c>http://127.0.0.1:12006</c>, <c>https://*:443</c>, <c>http://localhost:0</c>.</summary>
/// <param name="Address">Null for every address of the machine, IPv4 and IPv6.</param>
/// <param name="Port">0 lets the system choose.</param>
internal sealed record ListenAddress(bool IsTls, string Host, IPAddress? Address, int Port)
{
    /// <summary>True when only programs on the same machine can reach it.</summary>
    public bool IsLoopback => Address is not null && IPAddress.IsLoopback(Address);

    public override string ToString() => $"{(IsTls ? "https" : "http")}://{Host}:{Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Null with what is wrong in <paramref name="problem"/>.</summary>
    public static ListenAddress? Parse(string text, out string? problem)
    {
        problem = "must be written as http://ADDRESS:PORT or https://ADDRESS:PORT";
        var isTls = text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (!isTls && !text.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var authority = text[(isTls ? "https://" : "http://").Length..].TrimEnd('/');
        var portAt = authority.LastIndexOf(':');
        var hasPort = portAt > authority.LastIndexOf(']');
        var host = hasPort ? authority[..portAt] : authority;
        var port = isTls ? 443 : 80;
        if (hasPort && !int.TryParse(authority.AsSpan(portAt + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port))
        {
            return null;
        }

        if (port > IPEndPoint.MaxPort)
        {
            problem = "has a port above 65535";
            return null;
        }

        if (host is "*" or "+")
        {
            problem = null;
            return new ListenAddress(isTls, "*", null, port);
        }

        var isLocalhost = string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);
        var address = isLocalhost ? IPAddress.Loopback : null;
        if (!isLocalhost && (host.Contains('/') || host.Contains(':') != host.StartsWith('[') || !IPAddress.TryParse(host, out address)))
        {
            problem = "must name an IP address of this machine, \"localhost\", or \"*\" for every address, and no path";
            return null;
        }

        problem = null;
        return new ListenAddress(isTls, host, address, port);
    }
}
