using System.Buffers;
using System.Text.Json;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// How a client learns what it talks to: <c>initialize</c> (which opens a session, where there are any) and <c>server/discover</c>. The aggregate answers with the union
/// of what its upstreams offer; <c>/mcp/{server}</c> with that upstream's own words.
/// </summary>
internal sealed class Handshake(
    CatalogTable catalogs, CatalogRefresher refresher, SessionTable sessions, ReadOnlyMemory<byte> gatewayInfo)
{
    /// <summary>How long the answer waits for upstreams of which nothing is known yet.</summary>
    private static readonly TimeSpan DiscoveryBudget = TimeSpan.FromSeconds(5);

    private readonly record struct Offer(ReadOnlyMemory<byte> Capabilities, string? Instructions, ReadOnlyMemory<byte> ServerInfo);

    public async ValueTask<GatewayError?> InitializeAsync(Exchange exchange)
    {
        // A revision that we do not speak, or that has no handshake, is answered with our newest that has one (2025-11-25, basic/lifecycle).
        var asked = ProtocolRevision.FindToken(exchange.Text(exchange.Message.InitializeVersion));
        exchange.Revision = asked is { IsModern: false } ? asked : ProtocolRevision.NewestLegacy;
        var (offer, error) = await OfferAsync(exchange).ConfigureAwait(false);
        if (error is not null)
        {
            return error;
        }

        if (sessions.IsOffered)
        {
            var capabilities = ClientCapabilityReader.Read(exchange.Body.Span, exchange.Message.InitializeCapabilities, exchange.Revision);
            var opening = sessions.Open(exchange.Owner, exchange.Revision, capabilities);
            if (opening.Error is not null)
            {
                return opening.Error;
            }

            exchange.Reply.Headers.IssuedSession = opening.Session;
        }

        await LocalMethods.ReplyAsync(exchange, FormatInitialize(exchange.Revision, sessions.IsOffered ? offer : WithoutWayBack(offer))).ConfigureAwait(false);
        return null;
    }

    public async ValueTask<GatewayError?> DiscoverAsync(Exchange exchange)
    {
        if (!exchange.Revision.IsModern)
        {
            return RevisionGate.UnknownMethod(exchange);
        }

        var (offer, error) = await OfferAsync(exchange).ConfigureAwait(false);
        if (error is null)
        {
            await LocalMethods.ReplyAsync(exchange, FormatDiscover(offer)).ConfigureAwait(false);
        }

        return error;
    }

    private async ValueTask<(Offer Offer, GatewayError? Error)> OfferAsync(Exchange exchange)
    {
        var workspace = exchange.Caller.Workspace!;
        await refresher.EnsureKnownAsync(workspace, DiscoveryBudget, exchange.ClientGone).ConfigureAwait(false);
        var catalog = catalogs.For(workspace);
        var capabilities = new ArrayBufferWriter<byte>(256);
        if (exchange.Single is not { } single)
        {
            CapabilityMerge.Write(capabilities, catalog, exchange.Caller.Permissions, exchange.Revision.IsModern);
            return (new Offer(capabilities.WrittenMemory, InstructionMerge.Merge(catalog, exchange.Caller.Permissions), gatewayInfo), null);
        }

        if (!catalog.TryGetPart(single.Id, out var part) || part.Catalog is not { } own)
        {
            return (default, new GatewayError(ErrorKind.UpstreamUnavailable, $"The server '{single.Key}' cannot be reached."));
        }

        CapabilityMerge.WriteSingle(capabilities, part, exchange.Revision.IsModern, exchange.Revision.IsModern);
        var serverInfo = own.Peer.ServerInfo.IsEmpty ? gatewayInfo : own.Peer.ServerInfo;
        return (new Offer(capabilities.WrittenMemory, InstructionMerge.Of(part), serverInfo), null);
    }

    private static Offer WithoutWayBack(Offer offer) => offer with { Capabilities = CapabilityMerge.WithoutWayBack(offer.Capabilities) };

    private static ReadOnlyMemory<byte> FormatInitialize(ProtocolRevision revision, Offer offer)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JsonText.Encoder });
        writer.WriteStartObject();
        writer.WriteString("protocolVersion"u8, revision.Text);
        writer.WritePropertyName("capabilities"u8);
        writer.WriteRawValue(offer.Capabilities.Span, skipInputValidation: true);
        writer.WritePropertyName("serverInfo"u8);
        writer.WriteRawValue(offer.ServerInfo.Span, skipInputValidation: true);
        WriteInstructions(writer, offer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static ReadOnlyMemory<byte> FormatDiscover(Offer offer)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JsonText.Encoder });
        writer.WriteStartObject();
        writer.WriteString("resultType"u8, "complete"u8);
        writer.WriteStartArray("supportedVersions"u8);
        writer.WriteStringValue(ProtocolRevision.NewestModern.Text);
        writer.WriteEndArray();
        writer.WritePropertyName("capabilities"u8);
        writer.WriteRawValue(offer.Capabilities.Span, skipInputValidation: true);
        WriteInstructions(writer, offer);
        writer.WriteNumber("ttlMs"u8, 60_000);
        writer.WriteString("cacheScope"u8, "private"u8);
        writer.WriteStartObject("_meta"u8);
        writer.WritePropertyName(MetaKeys.ServerInfo);
        writer.WriteRawValue(offer.ServerInfo.Span, skipInputValidation: true);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteInstructions(Utf8JsonWriter writer, Offer offer)
    {
        if (!string.IsNullOrEmpty(offer.Instructions))
        {
            writer.WriteString("instructions"u8, offer.Instructions);
        }
    }
}
