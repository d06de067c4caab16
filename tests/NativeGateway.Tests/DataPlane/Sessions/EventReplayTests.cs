using System.Text;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.Protocol;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.DataPlane.Sessions;

public class EventReplayTests
{
    private const int Messages = 6;

    private readonly TestClock _clock = new();
    private readonly ReplayBudget _budget = new();

    public static TheoryData<string, int, int> Cuts
    {
        get
        {
            var cuts = new TheoryData<string, int, int>();
            foreach (var revision in (string[])["2025-03-26", "2025-06-18", "2025-11-25"])
            {
                for (var seen = 1; seen <= Messages; seen++)
                {
                    for (var sent = seen; sent <= Messages; sent++)
                    {
                        cuts.Add(revision, seen, sent);
                    }
                }
            }

            return cuts;
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_stream_that_is_cut_anywhere_is_resumed_without_loss_and_repetition(string revision, int seen, int sentBeforeResumption)
    {
        var replay = Replay(revision);
        var stream = replay.Begin();
        var first = new RecordingClient(seen);
        using var cut = stream.Attach(first.WriteAsync, default);
        await stream.StartAsync(cut, null);
        for (var message = 0; message < sentBeforeResumption; message++)
        {
            await stream.SendAsync(Message(message));
        }

        var second = new RecordingClient();
        var resumed = replay.Find(first.LastId, out var number)!;
        using var reader = resumed.Attach(second.WriteAsync, default);
        await resumed.StartAsync(reader, number);
        for (var message = sentBeforeResumption; message < Messages; message++)
        {
            await stream.SendAsync(Message(message));
        }

        stream.End();
        await resumed.ReadToEndAsync(reader);

        Assert.Equal(Enumerable.Range(0, Messages).Select(Text), [.. first.Messages, .. second.Messages]);
        var ids = first.Events.Concat(second.Events).Select(taken => taken.Id).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public async Task A_stream_that_ended_while_nobody_read_it_is_resumed_to_its_end()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var first = await ReadAsync(stream, takes: 1);
        await stream.SendAsync(Message(0));
        await stream.SendAsync(Message(1));
        stream.End();

        var second = new RecordingClient();
        using var reader = replay.Find(first.LastId, out var number)!.Attach(second.WriteAsync, default);
        await stream.StartAsync(reader, number);
        await stream.ReadToEndAsync(reader);

        Assert.Equal([Text(0), Text(1)], second.Messages);
        Assert.Equal(stream, replay.Find(second.LastId, out _));
    }

    [Fact]
    public async Task A_later_connection_takes_over_in_the_middle_of_a_write()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var stuck = new TaskCompletionSource();
        using var first = stream.Attach(
            async (_, data, token) =>
            {
                if (!data.IsEmpty)
                {
                    stuck.SetResult();
                    await new TaskCompletionSource().Task.WaitAsync(token);
                }
            },
            default);
        await stream.StartAsync(first, null);
        var sending = stream.SendAsync(Message(0)).AsTask();
        await stuck.Task;

        var second = new RecordingClient();
        using var reader = stream.Attach(second.WriteAsync, default);
        await sending;
        await stream.StartAsync(reader, 1);
        await stream.SendAsync(Message(1));

        Assert.True(first.Gone.IsCancellationRequested);
        Assert.Equal([Text(0), Text(1)], second.Messages);
    }

    [Fact]
    public async Task Only_the_streams_own_events_are_replayed()
    {
        var replay = Replay();
        var one = replay.Begin();
        var other = replay.Begin();
        var first = await ReadAsync(one, takes: 1);
        await replay.Standalone.SendAsync(Message(7));
        await other.SendAsync(Message(8));
        await one.SendAsync(Message(9));

        Assert.Equal([Text(9)], (await ResumeAsync(replay, first.LastId)).Messages);
    }

    [Theory]
    [InlineData("2025-11-25", true)]
    [InlineData("2025-06-18", false)]
    [InlineData("2025-03-26", false)]
    public async Task Only_clients_that_know_priming_events_get_one(string revision, bool isPrimed)
    {
        var client = await ReadAsync(Replay(revision).Begin());

        Assert.Equal(isPrimed ? [""] : [], client.Events.Select(taken => taken.Data));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1")]
    [InlineData("1-")]
    [InlineData("-1")]
    [InlineData("1-0")]
    [InlineData("1-3")]
    [InlineData("2-1")]
    [InlineData("1--1")]
    [InlineData(" 1-1")]
    [InlineData("1-1 ")]
    [InlineData("1-99999999999999999999")]
    [InlineData("../../1")]
    public async Task Ids_that_the_session_never_gave_find_nothing(string id)
    {
        var replay = Replay();
        var stream = replay.Begin();
        await ReadAsync(stream);
        await stream.SendAsync(Message(0));

        Assert.Null(replay.Find(id, out _));
        Assert.Null(replay.Find($"{Mark(replay, stream)}-{id}", out _));
        Assert.Null(replay.Find("1-2", out _));
        Assert.NotNull(replay.Find($"{Mark(replay, stream)}-1-2", out _));
    }

    [Fact]
    public async Task Streams_of_an_earlier_process_are_not_mixed_up_with_those_of_this_one()
    {
        var (before, after) = (Replay(), Replay());
        var (was, isNow) = (before.Begin(), after.Begin());
        await was.SendAsync(Message(0));
        await isNow.SendAsync(Message(1));

        Assert.Null(after.Find(before.IdOf(was, 1), out _));
        Assert.NotNull(after.Find(after.IdOf(isNow, 1), out _));
    }

    [Fact]
    public async Task The_GET_stream_of_an_earlier_process_goes_on_as_a_new_one()
    {
        var (before, after) = (Replay(), Replay());
        await before.Standalone.SendAsync(Message(0));

        Assert.Same(after.Standalone, after.Find(before.IdOf(before.Standalone, 1), out var number));
        Assert.Null(number);
    }

    [Fact]
    public async Task The_oldest_events_go_first_and_are_counted()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var first = await ReadAsync(stream, takes: 1);
        for (var message = 0; message < EventReplay.MaxEvents + 10; message++)
        {
            await stream.SendAsync(Message(message));
        }

        Assert.Equal(10, _budget.Dropped);
        Assert.Equal(Enumerable.Range(10, EventReplay.MaxEvents).Select(Text), (await ResumeAsync(replay, first.LastId)).Messages);
    }

    [Fact]
    public async Task Large_events_push_out_as_many_as_they_need()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var first = await ReadAsync(stream, takes: 1);
        for (var message = 0; message < 5; message++)
        {
            await stream.SendAsync(new byte[EventReplay.MaxBytes / 4]);
        }

        Assert.Equal(3, replay.After(stream, 1).Count);
        Assert.True(_budget.Taken <= EventReplay.MaxBytes);
        Assert.NotNull(replay.Find(first.LastId, out _));
    }

    [Fact]
    public async Task An_ended_stream_whose_response_is_not_kept_cannot_be_resumed()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var first = await ReadAsync(stream, takes: 1);
        await stream.SendAsync(new byte[EventReplay.MaxBytes + 1]);
        Assert.NotNull(replay.Find(first.LastId, out _));

        stream.End();

        Assert.Null(replay.Find(first.LastId, out _));
    }

    [Fact]
    public async Task A_stream_pushed_out_after_its_end_cannot_be_resumed()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var first = await ReadAsync(stream, takes: 1);
        await stream.SendAsync(Message(0));
        stream.End();
        for (var message = 0; message < EventReplay.MaxEvents; message++)
        {
            Assert.NotNull(replay.Find(first.LastId, out _));
            await replay.Standalone.SendAsync(Message(message));
        }

        Assert.Null(replay.Find(first.LastId, out _));
    }

    [Fact]
    public async Task A_cancelled_call_leaves_nothing_to_resume()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var first = await ReadAsync(stream);

        stream.End();

        Assert.Null(replay.Find(first.LastId, out _));
    }

    [Fact]
    public async Task Ended_streams_are_forgotten_after_a_while()
    {
        var replay = Replay();
        var ended = replay.Begin();
        var open = replay.Begin();
        var first = await ReadAsync(ended);
        var second = await ReadAsync(open);
        await ended.SendAsync(Message(0));
        await open.SendAsync(Message(1));
        ended.End();

        _clock.Advance(TimeSpan.FromMinutes(4));
        replay.Forget(TimeSpan.FromMinutes(5));
        Assert.NotNull(replay.Find(first.LastId, out _));

        _clock.Advance(TimeSpan.FromMinutes(2));
        replay.Forget(TimeSpan.FromMinutes(5));
        Assert.Null(replay.Find(first.LastId, out _));
        Assert.NotNull(replay.Find(second.LastId, out _));
    }

    [Fact]
    public async Task The_end_of_a_session_ends_its_streams_and_frees_their_memory()
    {
        var replay = Replay();
        var stream = replay.Begin();
        var client = new RecordingClient();
        using var reader = stream.Attach(client.WriteAsync, default);
        await stream.StartAsync(reader, null);
        await stream.SendAsync(Message(0));
        Assert.True(_budget.Taken > 0);

        replay.Close();
        await stream.ReadToEndAsync(reader);
        await stream.SendAsync(Message(1));

        Assert.Equal(0, _budget.Taken);
        Assert.Null(replay.Find(client.LastId, out _));
    }

    [Fact]
    public async Task Sessions_share_one_bound()
    {
        var other = Replay();
        Assert.True(_budget.TryTake(ReplayBudget.MaxBytes - 1000));
        await other.Begin().SendAsync(Message(0));
        var replay = Replay();
        var stream = replay.Begin();
        var first = await ReadAsync(stream, takes: 1);

        await stream.SendAsync(new byte[400]);
        await stream.SendAsync(Message(1));
        await stream.SendAsync(Message(2));
        await stream.SendAsync(Message(3).Concat(new byte[600].Select(_ => (byte)' ')).ToArray());
        Assert.Equal([Text(2), Text(3)], (await ResumeAsync(replay, first.LastId)).Messages.Select(message => message.Trim()));

        await stream.SendAsync(new byte[2000]);
        Assert.Empty((await ResumeAsync(replay, first.LastId)).Messages);
        Assert.Equal(5, _budget.Dropped);
        Assert.True(_budget.Taken < ReplayBudget.MaxBytes);
    }

    private static string Text(int number) => $$"""{"number":{{number}}}""";

    private static byte[] Message(int number) => Encoding.UTF8.GetBytes(Text(number));

    private EventReplay Replay(string revision = "2025-11-25") => new(_budget, ProtocolRevision.Find(revision)!, _clock);

    private static async Task<RecordingClient> ReadAsync(ReplayStream stream, int takes = int.MaxValue)
    {
        var client = new RecordingClient(takes);
        await stream.StartAsync(stream.Attach(client.WriteAsync, default), null);
        return client;
    }

    private static async Task<RecordingClient> ResumeAsync(EventReplay replay, string lastId)
    {
        var client = new RecordingClient();
        var stream = replay.Find(lastId, out var number)!;
        await stream.StartAsync(stream.Attach(client.WriteAsync, default), number);
        return client;
    }

    private static string Mark(EventReplay replay, ReplayStream stream) => replay.IdOf(stream, 1).Split('-')[0];
}
