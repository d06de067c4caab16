using System.Text.Json;
using NativeGateway.DataPlane.Upstream;

namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>
/// One place of a message in which the eras differ: what a peer of each era writes there, and what a peer of the other era reads instead. Between
/// peers of one era it stays as it is written.
/// </summary>
internal sealed record Slot(string Name, string Legacy, string Modern, string ToModern, string ToLegacy);

/// <summary>
/// All that the gateway may change in a message on its way, as data; every other byte must arrive as it was sent. Of all slots, <c>«id»</c> and
/// <c>«token»</c> alone depend on the exchange. <c>«name»</c> and <c>«uri»</c> are what the aggregate puts before names and URIs,
/// <c>«server»</c> whom a modern client is told that it speaks to.
/// </summary>
internal static class Rewrites
{
    /// <summary>How the scripted upstreams call themselves, legacy ones at their handshake and modern ones in each result.</summary>
    public const string ServerInfo = """{ "name":"strict" , "version":"1.0" }""";

    private const string P = "io.modelcontextprotocol/";

    private static readonly string GatewayInfo = $$"""{"name":"NativeGateway","version":"{{HandshakeMessages.Version}}"}""";

    /// <summary>What the gateway says of a legacy client that asked for log messages from the level info on.</summary>
    private static readonly string Envelope =
        $$$"""
        "{{{P}}}protocolVersion":"2026-07-28","{{{P}}}clientCapabilities":{},"{{{P}}}clientInfo":{{{GatewayInfo}}},"{{{P}}}logLevel":"info"
        """;

    private static readonly string Own = $$$"""
        "{{{P}}}protocolVersion" : "2026-07-28","{{{P}}}clientCapabilities":{ }
        """;

    public static readonly IReadOnlyList<Slot> Slots =
    [
        // Requests, in params.
        new("meta", // with a progress token and a vendor's key
            Legacy: """ "_meta" :{ "vendor/x" : 1.0e5,"progressToken":«token» }, """,
            Modern: $$""" "_meta" :{ {{Own}} , "vendor/x" : 1.0e5,"progressToken":«token» , "{{P}}clientInfo":{"name":"matrix","version":"1"} }, """,
            ToModern: $$""" "_meta" :{{{Envelope}}, "vendor/x" : 1.0e5,"progressToken":«token» }, """,
            ToLegacy: """ "_meta" :{ "vendor/x" : 1.0e5,"progressToken":«token» }, """),
        new("log-meta", // the same, and the wish for log messages
            Legacy: """ "_meta" :{ "vendor/x" : 1.0e5,"progressToken":«token» }, """,
            Modern: $$""" "_meta" :{ "vendor/x" : 1.0e5, {{Own}},"{{P}}logLevel" :"info","progressToken":«token» }, """,
            ToModern: $$""" "_meta" :{{{Envelope}}, "vendor/x" : 1.0e5,"progressToken":«token» }, """,
            ToLegacy: """ "_meta" :{ "vendor/x" : 1.0e5, "progressToken":«token» }, """),
        new("bare", // nothing but what the revision demands, at the beginning of params
            Legacy: "",
            Modern: $$""" "_meta":{ {{Own}} }, """,
            ToModern: $$"""
            "_meta":{{{Envelope}}},
            """,
            ToLegacy: """ "_meta":{ }, """),
        new("params", // the same where a legacy client sends no params at all
            Legacy: "",
            Modern: $$$""" ,"params":{"_meta":{ {{{Own}}} }}""",
            ToModern: $$$"""
            ,"params":{"_meta":{{{{Envelope}}}}}
            """,
            ToLegacy: """ ,"params":{"_meta":{ }}"""),

        // Results, at their beginning.
        new("done",
            Legacy: "",
            Modern: $$$"""
            "resultType":"complete","_meta" : {"{{{P}}}serverInfo":{{{ServerInfo}}}},
            """,
            ToModern: $$$"""
            "resultType":"complete","_meta":{"{{{P}}}serverInfo":«server»},
            """,
            ToLegacy: ""),
        new("listed", // of lists and reads
            Legacy: "",
            Modern: $$$"""
            "ttlMs" :60000 ,"resultType":"complete" , "cacheScope":"public" , "_meta":{ "{{{P}}}serverInfo":{{{ServerInfo}}} },
            """,
            ToModern: $$$"""
            "resultType":"complete","ttlMs":0,"cacheScope":"private","_meta":{"{{{P}}}serverInfo":«server»},
            """,
            ToLegacy: ""),
        new("nothing-else", // of results without members of their own
            Legacy: "",
            Modern: $$$"""
            "_meta":{"{{{P}}}serverInfo":{{{ServerInfo}}}}, "resultType":"complete"
            """,
            ToModern: $$$"""
            "resultType":"complete","_meta":{"{{{P}}}serverInfo":«server»}
            """,
            ToLegacy: ""),

        // The beginning and the end of results with a vendor's key in _meta.
        new("begin", Legacy: "", Modern: "", ToModern: "\"resultType\":\"complete\",", ToLegacy: ""),
        new("end",
            Legacy: """ ,"_meta":{ "vendor/y" :[1.50] }""",
            Modern: $$$""" ,"_meta":{ "{{{P}}}serverInfo":{{{ServerInfo}}} , "vendor/y" :[1.50] } , "resultType" : "complete" """,
            ToModern: $$$""" ,"_meta":{"{{{P}}}serverInfo":«server», "vendor/y" :[1.50] }""",
            ToLegacy: """ ,"_meta":{ "vendor/y" :[1.50] } """),

        // The one error code that has another number.
        new("missing", Legacy: "-32002", Modern: "-32602", ToModern: "-32602", ToLegacy: "-32002"),
    ];

    /// <summary>The message as a peer writes it.</summary>
    public static string Written(string template, Side writer, string id, string token) => Fill(template, writer, writer, id, token);

    /// <summary>The message as it must arrive, with the id and the token by which the reader knows the exchange.</summary>
    public static string Read(string template, Side writer, Side reader, string id, string token) => Fill(template, writer, reader, id, token);

    /// <summary>With the names and URIs by which the client knows what is the upstream's, and with whom it believes to speak.</summary>
    public static string AtClient(string message, Side upstream, bool isAggregate) => message
        .Replace("«name»", $"{upstream.Key}__", StringComparison.Ordinal)
        .Replace("«uri»", $"{upstream.Key}+", StringComparison.Ordinal)
        .Replace("«server»", isAggregate ? GatewayInfo : ServerInfo, StringComparison.Ordinal);

    /// <summary>With the upstream's own names and URIs.</summary>
    public static string AtUpstream(string message) =>
        message.Replace("«name»", "", StringComparison.Ordinal).Replace("«uri»", "", StringComparison.Ordinal);

    /// <summary>The id of a request and its progress token, if it has one, as they stand in it.</summary>
    public static (string Id, string Token) MarksOf(string request)
    {
        using var document = JsonDocument.Parse(request);
        var hasToken = document.RootElement.TryGetProperty("params", out var parameters)
            && parameters.TryGetProperty("_meta", out var meta)
            && meta.TryGetProperty("progressToken", out _);
        return (
            document.RootElement.GetProperty("id").GetRawText(),
            hasToken ? parameters.GetProperty("_meta").GetProperty("progressToken").GetRawText() : "");
    }

    private static string Fill(string template, Side writer, Side reader, string id, string token)
    {
        foreach (var slot in Slots)
        {
            var text = (writer.IsModern, reader.IsModern) switch
            {
                (false, false) => slot.Legacy,
                (true, true) => slot.Modern,
                (false, true) => slot.ToModern,
                (true, false) => slot.ToLegacy,
            };
            template = template.Replace($"«{slot.Name}»", text, StringComparison.Ordinal);
        }

        return template.Replace("«id»", id, StringComparison.Ordinal).Replace("«token»", token, StringComparison.Ordinal);
    }
}
