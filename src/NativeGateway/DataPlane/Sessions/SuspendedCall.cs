using System.Globalization;
using System.Text;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Sessions;

/// <summary>A question of a legacy upstream that waits for a modern client's answer.</summary>
/// <param name="Key">Under which the client knows it: the gateway's own, plain ASCII.</param>
/// <param name="UpstreamId">The raw id token of the upstream's request.</param>
/// <param name="Params">As the client gets them; empty for none.</param>
internal sealed record OpenQuestion(byte[] Key, ReadOnlyMemory<byte> UpstreamId, McpMethod Method, ReadOnlyMemory<byte> Params);

/// <summary>
/// A call of a modern client that a legacy upstream has interrupted with questions. The client's request ends with the questions and a later one
/// brings the answers; the upstream notices none of that, because its reply lives on here. Used by one exchange, or by the
/// <see cref="SuspendedCalls"/> that keep it between two, never by both at once.
/// </summary>
internal sealed class SuspendedCall(
    IUpstreamSession session, UpstreamReply reply, CallClock clock, IDisposable lease, UpstreamRequest request, TimeProvider time)
{
    private const int MaxQuestions = 64;

    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(2);

    private readonly List<OpenQuestion> _questions = [];
    private readonly byte[] _requestId = request.Id.ToArray();
    private Task<UpstreamReceived>? _reading;
    private UpstreamReceived? _outcome;
    private int _lastQuestion;
    private bool _isReleased;

    public Guid Id { get; } = Guid.NewGuid();

    public IUpstreamSession Session => session;

    public CallClock Clock => clock;

    /// <summary>The token under which the upstream reports the call's progress; empty for none.</summary>
    public ReadOnlyMemory<byte> ProgressToken { get; } = request.ProgressToken.ToArray();

    /// <summary>What the client that waits, or waited last, can be asked.</summary>
    public ClientCapabilities Capabilities { get; set; }

    /// <summary>What the upstream wanted and the client did not declare.</summary>
    public ClientCapabilities Refused { get; private set; }

    /// <summary>Whose it is.</summary>
    public string Owner { get; init; } = "";

    /// <summary>The key to put before an elicitation's message; empty to leave it alone.</summary>
    public ReadOnlyMemory<byte> AskingServer { get; init; }

    /// <summary>How often the client has been asked.</summary>
    public int Round { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>Until when further questions are collected; null before the first one of a round.</summary>
    public Task? Grace { get; set; }

    public IReadOnlyList<OpenQuestion> Open => _questions;

    /// <summary>Completes when the upstream has said something more or <paramref name="limit"/> has completed; true in the former case.</summary>
    public async ValueTask<bool> HasMessageAsync(Task limit)
    {
        if (_outcome is not null)
        {
            return true;
        }

        // A read that was begun is never called off but with the call: the reply would be lost with it.
        _reading ??= reply.ReadAsync(clock.Token).AsTask();
        if (!_reading.IsCompleted)
        {
            await Task.WhenAny(_reading, limit).ConfigureAwait(false);
        }

        return _reading.IsCompleted;
    }

    /// <summary>The upstream's next message; its bytes are valid until the next call.</summary>
    public async ValueTask<UpstreamReceived> ReadAsync()
    {
        if (_outcome is { } outcome)
        {
            return outcome;
        }

        var reading = _reading;
        _reading = null;
        var received = reading is null
            ? await reply.ReadAsync(clock.Token).ConfigureAwait(false)
            : await reading.ConfigureAwait(false);
        if (received.Error is not null || received.Message.IsResponse)
        {
            IsAnswered = true;
        }

        return received;
    }

    /// <summary>The upstream's response has been read, or its reply has failed.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>Keeps a final message until the client asks for it; the upstream is done with.</summary>
    public async ValueTask KeepOutcomeAsync(UpstreamReceived received)
    {
        _outcome = received with { Bytes = received.Bytes.ToArray() };
        _questions.Clear();
        await ReleaseAsync().ConfigureAwait(false);
    }

    /// <summary>Takes a request of the upstream's: notes it down for the client, or refuses it.</summary>
    public async ValueTask TakeQuestionAsync(UpstreamReceived received)
    {
        var (bytes, message) = (received.Bytes, received.Message);
        var needed = Questions.NeededFor(message.MethodCode, bytes.Span, message.Params);
        if (!Capabilities.Covers(needed) || _questions.Count >= MaxQuestions)
        {
            Refused |= (needed ?? ClientCapabilities.None) & ~Capabilities;
            await PostAsync(QuestionText.Refuse(message.Id.Of(bytes.Span), message.MethodCode)).ConfigureAwait(false);
            return;
        }

        var key = Encoding.ASCII.GetBytes("question-" + (++_lastQuestion).ToString(CultureInfo.InvariantCulture));
        var parameters = Questions.ForModernClient(message.MethodCode, message.Params.Of(bytes.Span), AskingServer.Span);
        _questions.Add(new OpenQuestion(key, message.Id.Of(bytes.Span).ToArray(), message.MethodCode, parameters));
    }

    /// <summary>The upstream does not want to know any more.</summary>
    public void Withdraw(ReadOnlySpan<byte> upstreamId)
    {
        for (var i = 0; i < _questions.Count; i++)
        {
            if (_questions[i].UpstreamId.Span.SequenceEqual(upstreamId))
            {
                _questions.RemoveAt(i);
                return;
            }
        }
    }

    /// <summary>
    /// Tells the upstream what the client answered, under the ids by which it asked. Answers under keys that stand for no open question are
    /// ignored; questions without an answer stay open.
    /// </summary>
    public async ValueTask<GatewayError?> AnswerAsync(IReadOnlyDictionary<OpenQuestion, ReadOnlyMemory<byte>> answers)
    {
        foreach (var (question, answer) in answers)
        {
            _questions.Remove(question);
            var message = QuestionText.Answer(question.UpstreamId.Span, answer.Span);
            if (await session.PostAsync(message, clock.Token).ConfigureAwait(false) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Ends the call: if it still runs, the upstream's questions are dismissed and its work is cancelled.</summary>
    public async ValueTask EndAsync()
    {
        if (!IsAnswered && _outcome is null)
        {
            var last = _questions.Select(question => QuestionText.Dismiss(question.UpstreamId.Span, question.Method));
            await PostAsync([.. last, NotificationText.Cancelled(_requestId)]).ConfigureAwait(false);
        }

        clock.CallOff();
        await ReleaseAsync().ConfigureAwait(false);
        clock.Dispose();
    }

    private async ValueTask ReleaseAsync()
    {
        if (_isReleased)
        {
            return;
        }

        _isReleased = true;
        if (_reading is { } reading)
        {
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await reply.DisposeAsync().ConfigureAwait(false);
        lease.Dispose();
    }

    /// <summary>Says what the call does not depend on, within a short time for all of it.</summary>
    private async ValueTask PostAsync(params ReadOnlyMemory<byte>[] messages)
    {
        using var patience = new CancellationTokenSource(Courtesy, time);
        try
        {
            foreach (var message in messages)
            {
                await session.PostAsync(message, patience.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Then the upstream has to find out by itself.
        }
    }
}
