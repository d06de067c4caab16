using Microsoft.Extensions.Logging;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>The listeners of <c>serve</c>.</summary>
/// <param name="administrator">The key that a first start has made; null for later starts.</param>
/// <param name="lean">Event loops before Kestrel; null for none. Ends with this.</param>
internal sealed class HttpDoor(
    GatewayOptions options,
    CliContext context,
    CertificateFiles? certificates,
    SnapshotHolder snapshots,
    DataPlaneParts parts,
    AdminApi administration,
    IssuedKey? administrator,
    LeanDoor? lean,
    ILoggerFactory loggers) : IClientDoor
{
    private readonly ILogger _logger = loggers.CreateLogger<HttpDoor>();
    private readonly KestrelListeners _web = KestrelSetup.Build(
        options,
        certificates,
        () => snapshots.Current.Settings.MaxRequestBytes,
        loggers,
        lean?.Front,
        http => AdminApi.Owns(http.Request.Path.Value ?? "") ? administration.HandleAsync(http) : parts.Router.HandleAsync(http));

    /// <summary>Never: listeners wait for whoever may come.</summary>
    public Task Ended { get; } = new TaskCompletionSource().Task;

    public async Task<bool> TryOpenAsync()
    {
        try
        {
            await _web.StartAsync();
        }
        catch (IOException)
        {
            // Kestrel names the first address that fails; the operator wants them all.
            foreach (var address in options.Listen)
            {
                if (ListenProbe.Try(address) is { } problem)
                {
                    context.Fail($"cannot listen on {address}: {problem}");
                }
            }

            return false;
        }

        var addresses = _web.Addresses;
        foreach (var address in addresses)
        {
            context.Out.WriteLine($"listening on {address}");
            _logger.Listening(address);
        }

        if (administrator is not null)
        {
            FirstSteps.PrintSnippets(context.Out, administrator, addresses[0]);
        }

        await context.Out.FlushAsync();
        return true;
    }

    public Task CloseAsync(CancellationToken patience) =>
        Task.WhenAll(lean?.Front.DrainAsync(patience) ?? Task.CompletedTask, _web.StopAsync(patience));

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        lean?.Dispose();
    }
}
