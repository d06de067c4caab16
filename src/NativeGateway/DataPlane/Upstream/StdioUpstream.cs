using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Upstream;

/// <summary>
/// An upstream that is a program on this machine. A modern one runs as one process, because each request says whom it is for. A legacy one learns
/// client capabilities once, at <c>initialize</c>, so it runs as one process for each set of them. Any thread.
/// </summary>
internal sealed class StdioUpstream : IUpstreamConnection
{
    private readonly StdioParts _parts;
    private readonly StdioProgram _common;
    private readonly ConcurrentDictionary<ClientCapabilities, StdioProgram> _asking = new();
    private volatile bool _isLegacy;

    public StdioUpstream(
        UpstreamConfig config, ProcessSlots slots, OrphanGuard guard, IUpstreamEvents events, ILogger logger, TimeProvider time, StdioTimings? timings = null)
    {
        Health = new UpstreamHealth(config, events, time);
        _parts = new StdioParts(
            config, slots, guard, Health.Endpoints[0], events, new StderrLog(config, logger, time), timings ?? StdioTimings.Default, time, logger);
        _common = new StdioProgram(_parts, ClientCapabilities.None, StdioEra.Unknown);
    }

    /// <summary>The last lines on stderr, of the present processes and earlier ones, oldest first.</summary>
    public IReadOnlyList<string> ErrorTail => _parts.Errors.Tail;

    /// <summary>The running process that may ask nothing, or null.</summary>
    public int? ProcessId => _common.Session?.ProcessId;

    /// <summary>The program is one endpoint, in however many processes it runs.</summary>
    public UpstreamHealth Health { get; }

    public ValueTask<UpstreamOpening> OpenAsync(UpstreamClient client, CancellationToken cancellationToken) =>
        client.Capabilities == ClientCapabilities.None ? _common.OpenAsync(cancellationToken) : OpenAskingAsync(client.Capabilities, cancellationToken);

    /// <remarks>A program that does not run is not started for this: it is well as long as nobody needs it.</remarks>
    public ValueTask<ProbeOutcome> ProbeAsync(int endpoint, CancellationToken cancellationToken) =>
        _common.Session is { IsUsable: true } session
            ? OwnProbe.PingAsync(session, cancellationToken)
            : ValueTask.FromResult(ProbeOutcome.NotAsked);

    public async ValueTask DisposeAsync()
    {
        await _common.DisposeAsync();
        await Task.WhenAll(_asking.Values.Select(program => program.DisposeAsync().AsTask()));
    }

    private async ValueTask<UpstreamOpening> OpenAskingAsync(ClientCapabilities capabilities, CancellationToken cancellationToken)
    {
        if (!_isLegacy)
        {
            var common = await _common.OpenAsync(cancellationToken);
            if (common.Session is not { Peer.Revision.IsModern: false })
            {
                return common;
            }

            _isLegacy = true;
        }

        var program = _asking.GetOrAdd(capabilities, static (set, parts) => new StdioProgram(parts, set, StdioEra.Legacy), _parts);
        var opening = await program.OpenAsync(cancellationToken);

        // Where there is no room for another process, the call still works in the common one, which does not ask.
        return opening.Error is { Kind: ErrorKind.Saturated } ? await _common.OpenAsync(cancellationToken) : opening;
    }
}
