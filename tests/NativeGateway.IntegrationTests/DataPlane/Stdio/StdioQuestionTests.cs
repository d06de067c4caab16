using System.Text.Json;
using NativeGateway.DataPlane.Upstream;
using NativeGateway.Protocol;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Stdio;

/// <summary>Programs that ask: which process runs for whom, and to which call a question goes.</summary>
public sealed class StdioQuestionTests
{
    private const ClientCapabilities Form = ClientCapabilities.ElicitationForm;

    [Fact]
    public async Task A_legacy_program_runs_once_for_each_set_of_capabilities()
    {
        await using var fixture = StdioFixture.Scripted("legacy");

        var none = await CapabilitiesAsync(await fixture.OpenAsync());
        var form = await CapabilitiesAsync(await fixture.OpenAsync(Form));
        var again = await CapabilitiesAsync(await fixture.OpenAsync(Form));
        var roots = await CapabilitiesAsync(await fixture.OpenAsync(ClientCapabilities.Roots));

        Assert.Equal(("{}", """{"elicitation": {"form": {}}}""", """{"roots": {}}"""), (none.Capabilities, form.Capabilities, roots.Capabilities));
        Assert.Equal(form, again);
        Assert.Equal(3, fixture.Starts);
    }

    [Fact]
    public async Task A_modern_program_runs_once_for_everybody()
    {
        await using var fixture = StdioFixture.Scripted("modern");

        Assert.Same(await fixture.OpenAsync(Form), await fixture.OpenAsync());
    }

    [Fact]
    public async Task Where_there_is_no_room_for_another_process_the_call_runs_in_the_common_one()
    {
        await using var fixture = StdioFixture.Scripted("legacy", slots: new ProcessSlots(() => 1));

        Assert.Equal("{}", (await CapabilitiesAsync(await fixture.OpenAsync(Form))).Capabilities);
    }

    [Fact]
    public async Task A_question_goes_to_the_only_call_in_flight()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync(Form);
        await using var reply = (await session.SendToolAsync("elicit")).Reply!;

        var (question, _) = await reply.NextAsync();
        Assert.Equal("elicitation/create", question.GetProperty("method").GetString());
        await session.PostAsync("""{"jsonrpc":"2.0","id":"e","result":{"action":"accept"}}"""u8.ToArray(), CancellationToken.None);

        Assert.Equal("""{"action": "accept"}""", TextOf((await reply.NextAsync()).Message));
    }

    [Fact]
    public async Task A_question_is_withdrawn_where_it_was_asked()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync(Form);
        await using var reply = (await session.SendToolAsync("elicit-and-withdraw")).Reply!;

        await reply.NextAsync();
        var (withdrawn, _) = await reply.NextAsync();

        Assert.Equal("""{"method":"notifications/cancelled","params":{"requestId":"e"}}""", JsonSerializer.Serialize(new
        {
            method = withdrawn.GetProperty("method").GetString(),
            @params = withdrawn.GetProperty("params"),
        }).Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_subscription_that_the_program_cancels_is_over()
    {
        await using var fixture = StdioFixture.Scripted("modern");
        var session = await fixture.OpenAsync();
        await using var reply = await session.ListenAsync();
        await reply.NextAsync();

        await session.ToolAsync("unlisten");

        Assert.NotNull((await reply.ReadAsync(CancellationToken.None).AsTask().WaitAsync(StdioFixture.Patience)).Error);
    }

    [Fact]
    public async Task A_question_beside_other_calls_is_refused()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync(Form);
        var held = session.SendToolAsync("hang");

        Assert.Equal("-32601", (await session.ToolAsync("elicit")).Text);
        await session.ToolAsync("release");
        await using var reply = (await held).Reply!;
    }

    [Fact]
    public async Task A_call_that_was_given_up_still_counts_until_it_is_answered()
    {
        await using var fixture = StdioFixture.Scripted("legacy");
        var session = await fixture.OpenAsync(Form);
        using (var leaving = new CancellationTokenSource())
        {
            var given = session.SendToolAsync("hang", cancellationToken: leaving.Token);

            // In order: when this is answered the other has arrived.
            await session.ToolAsync("params");
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        }

        Assert.Equal("-32601", (await session.ToolAsync("elicit")).Text);
        Assert.Equal("1", (await session.ToolAsync("release")).Text);

        await using var reply = (await session.SendToolAsync("elicit")).Reply!;
        Assert.Equal("elicitation/create", (await reply.NextAsync()).Message.GetProperty("method").GetString());
    }

    private static async Task<(string Process, string Capabilities)> CapabilitiesAsync(IUpstreamSession session)
    {
        var told = JsonDocument.Parse((await session.ToolAsync("capabilities")).Text).RootElement;
        return (told[0].GetRawText(), told[1].GetRawText());
    }

    private static string TextOf(JsonElement response) => response.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!;
}
