using System.Buffers;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// What a legacy client answered to a modern upstream's questions. Either members for the repeated request, or the exchange is over, with an
/// error or answered already.
/// </summary>
internal readonly record struct GatheredInput(ReadOnlyMemory<byte> Members, GatewayError? Error, bool IsOver);

/// <summary>
/// Puts the questions of a modern upstream's <c>input_required</c> to a legacy client, as requests on the stream of its call, and gathers the
/// answers, which come as requests of their own.
/// </summary>
internal sealed class ClientInput(TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly ReadOnlyMemory<byte> Cancel = "{\"action\":\"cancel\"}"u8.ToArray();

    /// <param name="round">1 for the first time that the upstream asks in this call.</param>
    public async ValueTask<GatheredInput> GatherAsync(Exchange exchange, InputRequired input, CallClock clock, int round)
    {
        if (round > CallEnds.MaxRounds)
        {
            return Over(CallEnds.TooManyRounds(exchange.Target!));
        }

        if (input.Requests.Count == 0)
        {
            // The upstream only wants to be called again.
            var pause = FirstPause * (1 << Math.Min(round - 1, 10));
            await Task.Delay(pause < LongestPause ? pause : LongestPause, time, clock.Token).ConfigureAwait(false);
            clock.Restart();
            return new GatheredInput(InputResponses.ToMembers([], input.State), null, false);
        }

        if (WhyNot(exchange, input) is { } why)
        {
            return Over(why);
        }

        try
        {
            return await AskAsync(exchange, input, clock).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (clock.Token.IsCancellationRequested && !clock.IsCalledOff)
        {
            await WithdrawAsync(exchange).ConfigureAwait(false);
            return Over(await CallEnds.UnansweredAsync(exchange, CallEnds.Abandoned(clock, exchange.Target!).Message).ConfigureAwait(false));
        }
    }

    /// <summary>Tells the client which of its questions nobody waits for any more.</summary>
    public static async ValueTask WithdrawAsync(Exchange exchange)
    {
        var editor = exchange.Request.Message;
        foreach (var id in exchange.Questions?.Close() ?? [])
        {
            editor.Reset(NotificationText.Cancelled(id));
            await exchange.Reply.SendAsync(editor).ConfigureAwait(false);
        }
    }

    private static GatewayError? WhyNot(Exchange exchange, InputRequired input)
    {
        foreach (var request in input.Requests)
        {
            if (!exchange.Askable.Covers(Questions.NeededFor(request.Method, request.Params.Span, new ByteRange(0, request.Params.Length))))
            {
                var reason = exchange.Session is null ? "this client has opened no session"
                    : !exchange.Reply.CanStream ? "this request takes no event stream"
                    : "this client cannot be asked for it";
                return new GatewayError(ErrorKind.InputFailed, $"The server '{exchange.Target!.Key}' asks for input, but {reason}.");
            }
        }

        return null;
    }

    private static async ValueTask<GatheredInput> AskAsync(Exchange exchange, InputRequired input, CallClock clock)
    {
        var questions = exchange.Questions ??= new ClientQuestions(exchange.Session!, clock);
        var answers = new Task<ReadOnlyMemory<byte>>[input.Requests.Count];
        var editor = exchange.Request.Message;
        for (var i = 0; i < answers.Length; i++)
        {
            // Empty stands for a refusal: the client answered with an error.
            var answer = new TaskCompletionSource<ReadOnlyMemory<byte>>(TaskCreationOptions.RunContinuationsAsynchronously);
            answers[i] = answer.Task;
            var request = input.Requests[i];
            if (!exchange.Revision.CanShow(request.Method, request.Params.Span, new ByteRange(0, request.Params.Length)))
            {
                answer.SetResult(default);
                continue;
            }

            var id = questions.Open((message, head, _) => Take(answer, message, head), default);
            if (id is null)
            {
                await WithdrawAsync(exchange).ConfigureAwait(false);
                return Over(new GatewayError(ErrorKind.Saturated, "The client has too many open questions."));
            }

            editor.Reset(QuestionText.Ask(id, request.Method, ParamsFor(exchange, request).Span));
            await exchange.Reply.SendAsync(editor).ConfigureAwait(false);
        }

        await Task.WhenAll(answers).WaitAsync(clock.Token).ConfigureAwait(false);
        return await EvaluateAsync(exchange, input, Array.ConvertAll(answers, answer => answer.Result)).ConfigureAwait(false);
    }

    private static async ValueTask<GatheredInput> EvaluateAsync(Exchange exchange, InputRequired input, ReadOnlyMemory<byte>[] answers)
    {
        var responses = new (ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)[answers.Length];
        for (var i = 0; i < answers.Length; i++)
        {
            var (request, answer) = (input.Requests[i], answers[i]);
            if (answer.IsEmpty && request.Method != McpMethod.ElicitationCreate)
            {
                var what = request.Method == McpMethod.RootsList ? "did not list its roots" : "did not sample a message";
                return Over(await CallEnds.UnansweredAsync(exchange, $"The client {what} for the server '{exchange.Target!.Key}'.").ConfigureAwait(false));
            }

            responses[i] = (request.Key, answer.IsEmpty ? Cancel : answer);
        }

        return new GatheredInput(InputResponses.ToMembers(responses, input.State), null, false);
    }

    private static ValueTask Take(TaskCompletionSource<ReadOnlyMemory<byte>> answer, ReadOnlyMemory<byte> message, in RpcMessage head)
    {
        answer.TrySetResult(head.Kind == RpcKind.Result ? head.Result.Of(message.Span).ToArray() : default);
        return ValueTask.CompletedTask;
    }

    /// <summary>The params as a legacy client takes them: with an id for a page to visit, and with the name of who asks.</summary>
    private static ReadOnlyMemory<byte> ParamsFor(Exchange exchange, InputRequest request)
    {
        if (request.Method != McpMethod.ElicitationCreate)
        {
            return request.Params;
        }

        var editor = new MessageEditor();
        editor.Reset(request.Params);
        var whole = new ByteRange(0, request.Params.Length);
        if (Questions.NeededFor(request.Method, request.Params.Span, whole) == ClientCapabilities.ElicitationUrl)
        {
            editor.Insert(1, System.Text.Encoding.ASCII.GetBytes($"\"elicitationId\":\"{Guid.NewGuid():N}\","));
        }

        if (exchange.Single is null)
        {
            Questions.Attribute(editor, whole, exchange.Target!.KeyUtf8);
        }

        var text = new ArrayBufferWriter<byte>(editor.Length + 1);
        editor.WriteTo(text);
        return text.WrittenMemory;
    }

    private static GatheredInput Over(GatewayError? error) => new(default, error, true);
}
