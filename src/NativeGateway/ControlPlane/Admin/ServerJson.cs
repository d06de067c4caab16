using System.Buffers;
using System.Globalization;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// How upstreams are shown, by the API and on the command line: everything but secrets. Of headers and environment there are the names only;
/// of a URL, not its query; of arguments, not what follows a flag that names a secret, nor what looks like one.
/// </summary>
internal static class ServerJson
{
    public const string Hidden = "…";

    /// <summary>Longer runs of letters with digits are tokens more often than names.</summary>
    private const int LongestPlainRun = 15;

    private static readonly string[] SecretWords = ["token", "key", "secret", "pass", "pwd", "auth", "cred", "header", "bearer", "cookie", "dsn", "connection"];

    private static readonly SearchValues<char> Separators = SearchValues.Create("-_./:@=,+ ");

    public static string Transport(UpstreamConfig upstream) => upstream.Transport switch
    {
        UpstreamTransport.Stdio => "stdio",
        UpstreamTransport.Sse => "sse",
        _ => "http",
    };

    public static void Write(Utf8JsonWriter json, UpstreamConfig upstream)
    {
        json.WriteString("id", upstream.Id);
        json.WriteString("workspaceId", upstream.WorkspaceId);
        json.WriteString("name", upstream.Key);
        json.WriteString("source", upstream.Source == ConfigSource.File ? "file" : "database");
        json.WriteBoolean("disabled", upstream.Disabled);
        json.WriteBoolean("trusted", upstream.Trusted);
        json.WriteString("type", Transport(upstream));
        if (upstream.Command is { } command)
        {
            json.WriteString("command", command.FileName);
            json.WriteTexts("args", Shown(command.Arguments, Hidden));
            json.WriteTexts("envNames", command.Environment.Keys);
            json.WriteString("cwd", command.WorkingDirectory);
        }
        else
        {
            WriteEndpoints(json, upstream.Endpoints);
            json.WriteString("loadBalancing", UpstreamText.Of(upstream.LoadBalancing));
            json.WriteTexts("headerNames", upstream.Headers.Keys);
        }

        json.WriteGlobs("tools", upstream.Tools);
        json.WriteString("prefix", upstream.Prefix ?? upstream.Key);
        json.WriteString("instructions", upstream.Instructions);
        json.WriteNumber("costPerCall", upstream.CostPerCall);
        UpstreamText.WriteLimits(json, upstream);
        UpstreamText.WriteHealthCheck(json, upstream);
        json.WriteString("timeout", string.Create(CultureInfo.InvariantCulture, $"{upstream.Timeout.TotalSeconds}s"));
    }

    private static void WriteEndpoints(Utf8JsonWriter json, IReadOnlyList<EndpointConfig> endpoints)
    {
        json.WriteStartArray("endpoints");
        foreach (var endpoint in endpoints)
        {
            json.WriteStartObject();
            json.WriteString("url", Shown(endpoint.Url));
            json.WriteString("region", endpoint.Region);
            json.WriteNumber("priority", endpoint.Priority);
            json.WriteNumber("weight", endpoint.Weight);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Keys stand in query strings too often to show any.</summary>
    public static string Shown(Uri url) => url.Query.Length == 0 ? url.AbsoluteUri : url.GetLeftPart(UriPartial.Path) + "?" + Hidden;

    /// <param name="hidden">Stands where something is not shown.</param>
    public static IEnumerable<string> Shown(IReadOnlyList<string> arguments, string hidden)
    {
        var hidesNext = false;
        foreach (var argument in arguments)
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var namesSecret = NamesSecret(equals < 0 ? argument : argument[..equals]);
            yield return hidesNext ? hidden
                : equals >= 0 && (namesSecret || LooksSecret(argument[(equals + 1)..])) ? argument[..(equals + 1)] + hidden
                : LooksSecret(argument) ? hidden
                : argument;
            hidesNext = !hidesNext && equals < 0 && argument.StartsWith('-') && namesSecret;
        }
    }

    private static bool NamesSecret(string name) => Array.Exists(SecretWords, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static bool LooksSecret(string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.UserInfo.Length > 0 || url.Query.Length > 0))
        {
            return true;
        }

        var rest = text.AsSpan();
        while (rest.Length > LongestPlainRun)
        {
            var end = rest.IndexOfAny(Separators);
            var run = end < 0 ? rest : rest[..end];
            if (run.Length > LongestPlainRun && run.ContainsAnyInRange('0', '9'))
            {
                return true;
            }

            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        return false;
    }
}
