using System.Globalization;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Tool arguments that travel in <c>Mcp-Param-*</c> headers as well (2026-07-28, basic/transports/streamable-http, "Custom Headers"): checked
/// against the body when a client sends them, computed afresh for the upstream.
/// </summary>
internal static class MirroredParameters
{
    /// <summary>A modern client's headers must say what its arguments say. Headers without an argument are not looked at.</summary>
    public static GatewayError? Check(Exchange exchange)
    {
        if (!exchange.Revision.IsModern || !exchange.Head.HasHeaders || exchange.Message.MethodCode != McpMethod.ToolsCall)
        {
            return null;
        }

        foreach (var parameter in exchange.HeaderParameters)
        {
            if (parameter.ValueIn(exchange.Body.Span, exchange.Message.Arguments) is { } expected && !Matches(exchange.Head.FindHeader(parameter.Header), expected, parameter.Type))
            {
                return new GatewayError(ErrorKind.HeaderMismatch, $"The header {parameter.Header} is missing or differs from the argument.");
            }
        }

        return null;
    }

    /// <summary>The headers for the upstream, or null when there are none.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>>? Compute(Exchange exchange)
    {
        if (exchange.HeaderParameters.Count == 0)
        {
            return null;
        }

        var headers = new List<KeyValuePair<string, string>>(exchange.HeaderParameters.Count);
        foreach (var parameter in exchange.HeaderParameters)
        {
            if (parameter.ValueIn(exchange.Body.Span, exchange.Message.Arguments) is { } value)
            {
                headers.Add(new(parameter.Header, MirroredHeader.Encode(value)));
            }
        }

        return headers;
    }

    private static bool Matches(string? header, string expected, HeaderParameterType type)
    {
        if (header is null || !MirroredHeader.TryDecode(header, out var actual))
        {
            return false;
        }

        return string.Equals(actual, expected, StringComparison.Ordinal)
            || (type == HeaderParameterType.Integer
                && decimal.TryParse(actual, NumberStyles.Float, CultureInfo.InvariantCulture, out var one)
                && decimal.TryParse(expected, NumberStyles.Float, CultureInfo.InvariantCulture, out var other)
                && one == other);
    }
}
