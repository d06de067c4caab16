using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>
/// Calls whose client has been asked and has not come back yet. Meanwhile their upstreams are listened to, so that nothing is lost: further
/// questions, the withdrawal of one, the result. Bounded in number and time; each call is taken out by one retry only. Any thread.
/// </summary>
internal sealed class SuspendedCalls(TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>How long a client may take to come back with answers.</summary>
    public static readonly TimeSpan Patience = CallClock.HumanPatience;

    public const int MaxCalls = 1024;
    public const int MaxCallsPerCaller = 64;

    private readonly ConcurrentDictionary<Guid, Kept> _kept = new();
    private readonly Lock _adding = new();

    public int Count => _kept.Count;

    private sealed class Kept(SuspendedCall call)
    {
        public SuspendedCall Call => call;

        public TaskCompletionSource Wanted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when the call is nobody's but the taker's.</summary>
        public Task Listening { get; set; } = Task.CompletedTask;
    }

    /// <summary>Takes charge of a call until a retry takes it, or it expires. False when there are too many; then it stays the caller's.</summary>
    public bool TryKeep(SuspendedCall call)
    {
        lock (_adding)
        {
            if (_kept.Count >= MaxCalls || _kept.Values.Count(other => other.Call.Owner == call.Owner) >= MaxCallsPerCaller)
            {
                return false;
            }

            Return(call);
        }

        return true;
    }

    /// <summary>Takes back a call that was taken for nothing.</summary>
    public void Return(SuspendedCall call)
    {
        var kept = new Kept(call);

        // Who takes the call waits for the listening, so the one must be there before the other.
        kept.Listening = ListenAsync(kept);
        _kept[call.Id] = kept;
    }

    /// <summary>The call for one retry, or null when it is gone, has been taken already, or has moved on to another round.</summary>
    public async ValueTask<SuspendedCall?> TakeAsync(ReadOnlyMemory<byte> id, int round)
    {
        if (id.Length != 16 || !_kept.TryGetValue(new Guid(id.Span), out var kept) || kept.Call.Round != round || !_kept.TryRemove(kept.Call.Id, out _))
        {
            return null;
        }

        kept.Wanted.SetResult();
        await kept.Listening.ConfigureAwait(false);
        return kept.Call;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_kept.Keys.Select(async id =>
        {
            if (_kept.TryRemove(id, out var kept))
            {
                kept.Wanted.SetResult();
                await kept.Listening.ConfigureAwait(false);
                await kept.Call.EndAsync().ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
    }

    private async Task ListenAsync(Kept kept)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var call = kept.Call;
        using var timer = new CancellationTokenSource();
        var left = call.ExpiresAt - time.GetUtcNow();
        var expiry = Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, timer.Token);
        var end = Task.WhenAny(kept.Wanted.Task, expiry);
        try
        {
            await FollowAsync(call, end).ConfigureAwait(false);
            await end.ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            logger.SuspendedCallFaulted(fault);
            call.Clock.CallOff();
            await call.KeepOutcomeAsync(Failed).ConfigureAwait(false);
            await end.ConfigureAwait(false);
        }

        await timer.CancelAsync().ConfigureAwait(false);
        if (!kept.Wanted.Task.IsCompleted && _kept.TryRemove(call.Id, out _))
        {
            logger.SuspendedCallExpired();
            await call.EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Listens until the upstream has nothing more to say, or somebody else shall listen.</summary>
    private static async Task FollowAsync(SuspendedCall call, Task end)
    {
        while (!call.IsAnswered && await call.HasMessageAsync(end).ConfigureAwait(false))
        {
            var received = await call.ReadAsync().ConfigureAwait(false);
            if (received.Error is not null || received.Message.IsResponse)
            {
                await call.KeepOutcomeAsync(received).ConfigureAwait(false);
                return;
            }

            if (received.Message.Kind == RpcKind.Request)
            {
                await call.TakeQuestionAsync(received).ConfigureAwait(false);
            }
            else if (received.Message.MethodCode == McpMethod.NotifyCancelled && received.Message.RequestId.IsPresent)
            {
                call.Withdraw(received.Message.RequestId.Of(received.Bytes.Span));
            }

            if (end.IsCompleted)
            {
                return;
            }
        }
    }

    private static readonly UpstreamReceived Failed =
        new(default, default, new GatewayError(ErrorKind.Internal, "The gateway failed while it waited for the client."));
}
