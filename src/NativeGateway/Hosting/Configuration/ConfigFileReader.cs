using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;

namespace NativeGateway.Hosting.Configuration;

/// <summary>A whole configuration file as read: only to be used when it has no faults.</summary>
internal sealed record ConfigFile(StartOptions Options, FileConfig Registry, IReadOnlyList<ConfigFault> Faults, IReadOnlyList<ConfigFault> Warnings);

/// <summary>Reads the gateway's configuration file: JSON with comments, trailing commas and variables. Collects every fault before it gives up.</summary>
internal static class ConfigFileReader
{
    private static readonly string[] Known =
    [
        "$schema", "listen", "database", "data", "stateless", "kestrelOnly", "region", "shutdownTimeout", "logging", "mcpServers", "auth", "limits",
        "network", "plans", "stdio", "tls", "usage", "audit", "mail",
    ];

    private static readonly JsonDocumentOptions Json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 32 };

    /// <param name="text">The file's bytes, UTF-8.</param>
    /// <param name="variables">Looks an environment variable up.</param>
    public static ConfigFile Read(ReadOnlyMemory<byte> text, Func<string, string?> variables)
    {
        var reading = new ConfigReading(variables);
        using var document = Parse(text, reading);
        var options = new StartOptions();
        var registry = FileConfig.Empty;
        if (document is not null && new ConfigNode(document.RootElement, "$", reading).Members(Known) is { } members)
        {
            options = ReadOptions(members);
            registry = ReadRegistry(members);
        }

        return new ConfigFile(options, registry, reading.Faults, reading.Warnings);
    }

    /// <summary>The document, or null after a syntax error, which is reported with line and column.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> text, ConfigReading reading)
    {
        var bytes = text.Span.StartsWith("\uFEFF"u8) ? text["\uFEFF"u8.Length..] : text;
        try
        {
            return JsonDocument.Parse(bytes, Json);
        }
        catch (JsonException exception)
        {
            var line = (int)(exception.LineNumber ?? 0);
            reading.Fault($"line {line + 1}, column {Column(bytes.Span, line, (int)(exception.BytePositionInLine ?? 0))}", Explain(bytes.Span));
            return null;
        }
    }

    private static StartOptions ReadOptions(Dictionary<string, ConfigNode> members)
    {
        var options = new StartOptions
        {
            Listen = members.TryGetValue("listen", out var listen)
                ? listen.Element.ValueKind == JsonValueKind.String && listen.Text() is { } one ? [one] : listen.Texts()
                : null,
            Database = members.TryGetValue("database", out var database) ? database.Text() : null,
            Data = members.TryGetValue("data", out var data) ? data.Text() : null,
            Stateless = members.TryGetValue("stateless", out var stateless) ? stateless.Flag() : null,
            Region = members.TryGetValue("region", out var region) ? region.Text() : null,
            KestrelOnly = members.TryGetValue("kestrelOnly", out var kestrelOnly) ? kestrelOnly.Flag() : null,
            ShutdownTimeout = members.TryGetValue("shutdownTimeout", out var timeout) ? timeout.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)) : null,
        };
        if (members.TryGetValue("logging", out var logging) && logging.Members("level", "format") is { } log)
        {
            options = options with
            {
                LogLevel = log.TryGetValue("level", out var level) ? level.Text() : null,
                LogFormat = log.TryGetValue("format", out var format) ? format.Text() : null,
            };
        }

        if (members.TryGetValue("tls", out var tls) && tls.Members("certificate", "key") is { } files)
        {
            foreach (var name in (string[])["certificate", "key"])
            {
                if (!files.ContainsKey(name))
                {
                    tls.Fault($"has no \"{name}\"; add the path of its PEM file");
                }
            }

            options = options with
            {
                Certificate = files.TryGetValue("certificate", out var certificate) ? certificate.Text() : null,
                CertificateKey = files.TryGetValue("key", out var key) ? key.Text() : null,
            };
        }

        return options;
    }

    private static FileConfig ReadRegistry(Dictionary<string, ConfigNode> members)
    {
        bool? authRequired = null;
        IReadOnlyList<FileKey> keys = [];
        if (members.TryGetValue("auth", out var auth) && auth.Members("required", "keys") is { } authMembers)
        {
            authRequired = authMembers.TryGetValue("required", out var required) ? required.Flag() : null;
            keys = authMembers.TryGetValue("keys", out var list) ? KeyListReader.Read(list) : [];
        }

        return new FileConfig
        {
            Upstreams = members.TryGetValue("mcpServers", out var upstreams) ? UpstreamListReader.Read(upstreams) : [],
            Keys = keys,
            Settings = SettingsReader.Read(members, authRequired),
        };
    }

    /// <summary>Editors count characters, the parser counts bytes.</summary>
    private static int Column(ReadOnlySpan<byte> text, int line, int byteInLine)
    {
        for (; line > 0; line--)
        {
            text = text[(text.IndexOf((byte)'\n') + 1)..];
        }

        return Encoding.UTF8.GetCharCount(text[..Math.Min(byteInLine, text.Length)]) + 1;
    }

    private static string Explain(ReadOnlySpan<byte> text)
    {
        if (!System.Text.Unicode.Utf8.IsValid(text))
        {
            return "the file is not UTF-8 text; save it as UTF-8";
        }

        return text.Trim(" \t\r\n"u8).IsEmpty
            ? "the file is empty; write at least {}"
            : "this is not valid JSON here; look for a missing or extra comma, quote or bracket just before this place";
    }
}
