using System.Diagnostics;
using System.Text;
using System.Text.Json;
using NativeGateway.ControlPlane.Health;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.DataPlane.Catalog;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>What the running gateway knows of its servers, as far as administration asks for it.</summary>
internal sealed record LiveServers(SnapshotHolder Snapshots, UpstreamTable Upstreams, CatalogTable Catalogs, CatalogRefresher Refresher);

/// <summary><c>/servers/{id}/test</c>, <c>refresh</c>, <c>tools</c> and <c>health</c>: the server itself instead of its record.</summary>
internal sealed class ServerActions(RegistryWriter registry, ServerDirectory directory, LiveServers live, TimeProvider time)
{
    private static readonly TimeSpan LongestTest = TimeSpan.FromSeconds(30);

    private static readonly Refusal NotOffered = new(RefusalKind.Conflict, "this server is disabled, or one of the configuration file takes its place; enable it first");

    public Task<AdminAnswer> TestAsync(AdminRequest request) => WithServerAsync(request, async upstream =>
    {
        var started = Stopwatch.GetTimestamp();
        var error = await ConnectAsync(upstream, request.ClientGone);
        if (error is null)
        {
            await live.Refresher.RefreshAsync(upstream.Id, request.ClientGone);
        }

        var took = Stopwatch.GetElapsedTime(started);
        var offer = live.Catalogs.OfferOf(upstream.Id);
        return AdminAnswer.Of(json =>
        {
            json.WriteBoolean("ok", error is null && offer.Status.Gap == CatalogGap.None);
            json.WriteNumber("durationMs", Math.Round(took.TotalMilliseconds, 1));
            if (error is not null)
            {
                json.WriteStartObject("error");
                json.WriteString("message", error.Message);
                json.WriteString("detail", error.Detail);
                json.WriteEndObject();
            }

            WriteState(json, upstream, offer);
        });
    });

    public Task<AdminAnswer> RefreshAsync(AdminRequest request) => WithServerAsync(request, async upstream =>
    {
        await live.Refresher.RefreshAsync(upstream.Id, request.ClientGone);
        return AdminAnswer.Of(json => WriteState(json, upstream, live.Catalogs.OfferOf(upstream.Id)));
    });

    public Task<AdminAnswer> HealthAsync(AdminRequest request) =>
        WithServerAsync(request, upstream => Task.FromResult(AdminAnswer.Of(json => WriteState(json, upstream, live.Catalogs.OfferOf(upstream.Id)))));

    public Task<AdminAnswer> ToolsAsync(AdminRequest request) => WithServerAsync(request, upstream =>
    {
        var tools = live.Catalogs.OfferOf(upstream.Id).Catalog?[CatalogKind.Tools].Entries ?? [];
        return Task.FromResult(Page.Answer(request, tools, tool => Encoding.UTF8.GetString(tool.Name), (json, tool) => WriteTool(json, upstream, tool)));
    });

    private async Task<AdminAnswer> WithServerAsync(AdminRequest request, Func<Upstream, Task<AdminAnswer>> answer)
    {
        var state = await registry.LoadAsync(request.ClientGone);
        if (directory.Find(request, state, request.Id) is not { } server)
        {
            return AdminAnswer.Of(TenantRules.Unknown);
        }

        return Find(server) is { } upstream ? await answer(upstream) : AdminAnswer.Of(NotOffered);
    }

    private Upstream? Find(UpstreamConfig server) =>
        live.Snapshots.Current.Workspaces.GetValueOrDefault(server.WorkspaceId)?.Upstreams.FirstOrDefault(upstream => upstream.Id == server.Id);

    private async Task<GatewayError?> ConnectAsync(Upstream upstream, CancellationToken clientGone)
    {
        if (live.Upstreams.Find(upstream.Id) is not { } state)
        {
            return new GatewayError(ErrorKind.UpstreamUnavailable, "The server is being taken into use; try again.");
        }

        using var deadline = new CancellationTokenSource(LongestTest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, clientGone);
        using var lease = state.Enter();
        try
        {
            return (await state.Connection.OpenAsync(ClientCapabilities.None, either.Token)).Error;
        }
        catch (OperationCanceledException) when (!clientGone.IsCancellationRequested)
        {
            return new GatewayError(ErrorKind.UpstreamTimeout, $"The server did not answer within {LongestTest.TotalSeconds} s.");
        }
    }

    private void WriteState(Utf8JsonWriter json, Upstream upstream, UpstreamOffer offer)
    {
        WriteHealth(json, upstream);
        json.WriteString("lists", offer.Status.Gap switch
        {
            CatalogGap.None => "complete",
            CatalogGap.Starting => "starting",
            CatalogGap.Timeout => "timeout",
            _ => "unavailable",
        });
        if (offer.Catalog is not { } catalog)
        {
            return;
        }

        json.WriteString("revision", catalog.Peer.Revision.ToString());
        WriteRaw(json, "serverInfo", catalog.Peer.ServerInfo);
        WriteRaw(json, "capabilities", catalog.Peer.Capabilities);
        json.WriteTime("listsReadAt", catalog.FetchedAt);
        foreach (var kind in CatalogKindTraits.Each)
        {
            json.WriteNumber(Encoding.ASCII.GetString(kind.ListMember()), catalog[kind].Entries.Length);
        }
    }

    private void WriteHealth(Utf8JsonWriter json, Upstream upstream)
    {
        var health = live.Upstreams.HealthOf(upstream.Id);
        json.WriteString("status", HealthText.Of(health?.Verdict ?? HealthVerdict.Unknown));
        json.WriteNumber("requestsRunning", health?.Running ?? 0);
        json.WriteNumber("requestsWaiting", health?.Waiting ?? 0);
        json.WriteStartArray("endpoints");
        foreach (var endpoint in health?.Endpoints ?? [])
        {
            json.WriteStartObject();
            json.WriteNumber("endpoint", endpoint.Endpoint);
            json.WriteString("status", HealthText.Of(endpoint.Verdict));
            json.WriteString("reason", endpoint.Reason);
            json.WriteTime("since", endpoint.Since);
            json.WriteNumber("latencyMs", Math.Round(endpoint.Latency.TotalMilliseconds, 1));
            json.WriteNumber("requestsRunning", endpoint.InFlight);
            json.WriteNumber("ejectedForMs", Math.Round(endpoint.EjectedFor.TotalMilliseconds));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTool(Utf8JsonWriter json, Upstream upstream, CatalogEntry tool)
    {
        json.WriteString("name", tool.Name);
        json.WriteString("exposedName", ExposedNames.Expose(upstream.NamePrefix, tool.Name));
        json.WriteBoolean("offered", upstream.Tools.Allows(upstream.KeyUtf8, tool.Name));
        WriteRaw(json, "definition", tool.Json);
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> raw)
    {
        if (!raw.IsEmpty)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(raw.Span, skipInputValidation: true);
        }
    }
}
