using System.Text;
using System.Text.Json;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Policy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// The <c>resourceSubscriptions</c> of a listen request: finds out whose each URI is and whether the caller may read it, and subscribes to it
/// there. What cannot be had is left out, because the acknowledgement says what is promised.
/// </summary>
internal sealed class ListenResources(
    CatalogTable catalogs, CatalogRefresher refresher, ResourceSubscriptions subscriptions, TimeProvider time)
{
    /// <summary>
    /// How long the acknowledgement waits for the upstreams. Before they listen a change would be lost; but clients do not wait for long, so
    /// after that it promises what the upstreams' capabilities promise.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    /// <summary>How long it waits for upstreams of which nothing is known yet.</summary>
    private static readonly TimeSpan DiscoveryBudget = TimeSpan.FromSeconds(5);

    private sealed record Wanted(Guid UpstreamId, string Uri, string ClientUri);

    /// <summary>The URIs asked for; none when the filter names none; null when what it names are no URIs.</summary>
    public static IReadOnlyList<string>? ReadUris(Exchange exchange)
    {
        var list = JsonMembers.Find(exchange.Body.Span, exchange.Message.ListenFilter, "resourceSubscriptions"u8);
        if (!list.IsPresent)
        {
            return [];
        }

        var reader = new Utf8JsonReader(exchange.Text(list));
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        var uris = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var token = exchange.Text(list)[(int)reader.TokenStartIndex..(int)reader.BytesConsumed];
            if (JsonText.GetString(token) is not { } uri)
            {
                return null;
            }

            uris.Add(uri);
        }

        return uris;
    }

    /// <summary>Subscribes to what can be had; that, as the client wrote it.</summary>
    public async Task<IReadOnlyList<string>> SubscribeAsync(Exchange exchange, Subscriber subscriber, IReadOnlyList<string> uris)
    {
        if (uris.Count == 0)
        {
            return [];
        }

        await refresher.EnsureKnownAsync(exchange.Caller.Workspace!, DiscoveryBudget, exchange.ClientGone).ConfigureAwait(false);
        var asked = uris.Distinct(StringComparer.Ordinal)
            .Select(uri => Find(exchange, uri))
            .OfType<Wanted>()
            .Take(ResourceSubscriptions.MaxPerClient)
            .Select(wanted => new { wanted.ClientUri, Answer = subscriptions.SubscribeAsync(subscriber, (wanted.UpstreamId, wanted.Uri), wanted.ClientUri) })
            .ToArray();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(exchange.ClientGone);
        await Task.WhenAny(Task.WhenAll(asked.Select(one => one.Answer)), Task.Delay(Patience, time, patience.Token)).ConfigureAwait(false);
        await patience.CancelAsync().ConfigureAwait(false);
        return [.. asked.Where(one => !one.Answer.IsCompleted || one.Answer.Result).Select(one => one.ClientUri)];
    }

    /// <summary>Gives up what only this client had subscribed to.</summary>
    public void Release(Subscriber? subscriber) => subscriptions.Release(subscriber);

    private Wanted? Find(Exchange exchange, string uri)
    {
        var text = Encoding.UTF8.GetBytes(uri);
        var upstream = exchange.Single;
        ReadOnlySpan<byte> own = text;
        if (upstream is null && catalogs.For(exchange.Caller.Workspace!).TryResolveUri(text, new byte[text.Length], out var part, out own))
        {
            upstream = part.Upstream;
        }

        var isToBeHad = upstream is not null
            && PermissionCheck.Allows(exchange.Caller, upstream, PermissionKind.Resource, own)
            && catalogs.OfferOf(upstream.Id).Catalog is { } catalog
            && catalog.Capabilities.Has(PeerFeatures.ResourcesSubscribe);
        return isToBeHad ? new Wanted(upstream!.Id, Encoding.UTF8.GetString(own), uri) : null;
    }
}
