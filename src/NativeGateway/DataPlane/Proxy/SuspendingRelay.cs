using System.Diagnostics;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// Relays the reply of a legacy upstream that asks a modern client questions. A modern server cannot ask; it ends the request with what it wants
/// to know, and the client sends the request again with the answers:
/// <code>
/// client ── request ──────────────────────────────────────> upstream
///        &lt;── input_required ── suspend ── question ───────
///        ── request, answers ── resume ── answer ─────────>
///        &lt;───────────────────────────────── result ───────
/// </code>
/// </summary>
internal sealed class SuspendingRelay(
    ReplyWriter writer, SuspendedCalls calls, RequestStates states, LogLevels logLevels, TimeProvider time)
{
    /// <summary>Upstreams that ask several things at once do so one after the other; the client shall get them together.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(20);

    private static readonly GatewayError Full =
        new(ErrorKind.Saturated, "Too many calls wait for answers of their clients.") { RetryAfter = TimeSpan.FromSeconds(30) };

    private static readonly GatewayError Malformed = new(
        ErrorKind.InvalidParams,
        "inputResponses holds something that is no answer to its question. The call still waits: send it again with the same requestState.");

    /// <summary>The first question of a call.</summary>
    public ValueTask<GatewayError?> BeginAsync(Exchange exchange, SuspendedCall call, UpstreamReceived question) =>
        RunAsync(exchange, call, () => TakeFirstAsync(call, question));

    /// <summary>The client is back, with answers or without.</summary>
    public async ValueTask<GatewayError?> ResumeAsync(Exchange exchange, RequestState state)
    {
        if (await calls.TakeAsync(state.Content, state.Round).ConfigureAwait(false) is not { } call)
        {
            return RequestStates.Invalid;
        }

        if (InputResponses.Match(call.Open, exchange.Body, exchange.Message.InputResponses) is not { } answers)
        {
            calls.Return(call);
            return Malformed;
        }

        call.Capabilities = exchange.Askable =
            ClientCapabilityReader.Read(exchange.Body.Span, exchange.Message.MetaCapabilities, exchange.Revision);
        call.Clock.Resume(exchange.ClientGone);
        exchange.Request.ProgressToken = call.ProgressToken;
        exchange.IsHandedOver = true;
        var started = Stopwatch.GetTimestamp();
        try
        {
            return await RunAsync(exchange, call, () => AnswerAsync(exchange, call, answers)).ConfigureAwait(false);
        }
        finally
        {
            exchange.UpstreamTicks = Stopwatch.GetTimestamp() - started;
        }
    }

    private static async ValueTask<GatewayError?> TakeFirstAsync(SuspendedCall call, UpstreamReceived question)
    {
        await call.TakeQuestionAsync(question).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<GatewayError?> AnswerAsync(Exchange exchange, SuspendedCall call, Dictionary<OpenQuestion, ReadOnlyMemory<byte>> answers)
    {
        if (LogLevelNames.Find(exchange.Text(exchange.Message.MetaLogLevel)) is { } level)
        {
            await logLevels.EnsureAsync(call.Session, level).ConfigureAwait(false);
        }

        return await call.AnswerAsync(answers).ConfigureAwait(false);
    }

    /// <param name="begin">Done before anything is read; the call ends when it fails.</param>
    private async ValueTask<GatewayError?> RunAsync(Exchange exchange, SuspendedCall call, Func<ValueTask<GatewayError?>> begin)
    {
        var isKept = false;
        try
        {
            if (await begin().ConfigureAwait(false) is { } unreachable)
            {
                return unreachable;
            }

            while (await NextAsync(call).ConfigureAwait(false) is { } received)
            {
                if (received.Error is { } error)
                {
                    return error;
                }

                switch (received.Message.Kind)
                {
                    case RpcKind.Notification:
                        await TakeNotificationAsync(exchange, call, received).ConfigureAwait(false);
                        break;
                    case RpcKind.Request:
                        await call.TakeQuestionAsync(received).ConfigureAwait(false);
                        break;
                    default:
                        exchange.Refused |= call.Refused;
                        return (await writer.CompleteAsync(exchange, call.Session, received).ConfigureAwait(false)).Error;
                }
            }

            var refusal = Keep(exchange, call);
            isKept = refusal is null;
            if (isKept)
            {
                await exchange.Reply.CompleteAsync(200, exchange.Request.Message).ConfigureAwait(false);
            }

            return refusal;
        }
        catch (OperationCanceledException) when (call.Clock.Token.IsCancellationRequested)
        {
            return CallEnds.Abandoned(call.Clock, exchange.Target!);
        }
        finally
        {
            if (!isKept)
            {
                await call.EndAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>The upstream's next message; null when it has asked and says nothing more for the moment.</summary>
    private async ValueTask<UpstreamReceived?> NextAsync(SuspendedCall call)
    {
        if (call.Open.Count == 0)
        {
            call.Grace = null;
        }
        else
        {
            call.Grace ??= Task.Delay(Grace, time);
            if (!await call.HasMessageAsync(call.Grace).ConfigureAwait(false))
            {
                return null;
            }
        }

        return await call.ReadAsync().ConfigureAwait(false);
    }

    private async ValueTask TakeNotificationAsync(Exchange exchange, SuspendedCall call, UpstreamReceived received)
    {
        if (received.Message.MethodCode == McpMethod.NotifyCancelled)
        {
            call.Withdraw(received.Message.RequestId.Of(received.Bytes.Span));
        }
        else
        {
            await writer.NotifyAsync(exchange, received).ConfigureAwait(false);
        }

        call.Clock.Restart();
    }

    /// <summary>Puts the call aside and the questions into the exchange's message. From then on the call may be in other hands.</summary>
    private GatewayError? Keep(Exchange exchange, SuspendedCall call)
    {
        if (++call.Round > CallEnds.MaxRounds)
        {
            return CallEnds.TooManyRounds(exchange.Target!);
        }

        call.Grace = null;
        call.ExpiresAt = time.GetUtcNow() + SuspendedCalls.Patience;
        var state = states.Issue(exchange, RequestStateKind.Suspended, call.Round, call.ExpiresAt, call.Id.ToByteArray());
        var serverInfo = writer.ServerInfo(exchange, call.Session);
        exchange.Request.Message.Reset(QuestionText.InputRequired(exchange.Text(exchange.Message.Id), call.Open, state, serverInfo.Span));
        call.Clock.Suspend();
        return calls.TryKeep(call) ? null : Full;
    }
}
