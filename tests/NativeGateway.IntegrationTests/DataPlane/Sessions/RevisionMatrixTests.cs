using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Sessions;

/// <summary>
/// Every revision on both sides: messages pass byte for byte but for what <see cref="Rewrites"/> lists, whatever the client and the upstream speak, and
/// over whatever they speak it.
/// </summary>
public sealed class RevisionMatrixTests(RevisionMatrix matrix) : IClassFixture<RevisionMatrix>
{
    private const string UnknownMethod = "\"error\":{\"code\":-32601";

    /// <summary>
    /// The methods that one of the eras does not have: the request, and what the answer of the gateway itself holds. They reach no upstream; null where
    /// they do.
    /// </summary>
    private static readonly IReadOnlyList<(string Method, string Request, string? ToLegacy, string ToModern)> Unshared =
    [
        ("ping", """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"ping"«params»}""", "\"result\":{}}", UnknownMethod),
        ("server/discover", """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"server/discover"«params»}""", UnknownMethod,
            "\"supportedVersions\":[\"2026-07-28\"]"),
        ("logging/setLevel", """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"logging/setLevel","params":{«bare»"level":"info"}}""",
            "\"result\":{}}", UnknownMethod),
        ("resources/subscribe", """{"jsonrpc":"2.0","x-case":1,"id":«id»,"method":"resources/subscribe","params":{«bare»"uri":"a:b"}}""",
            null, UnknownMethod),
    ];

    private static IEnumerable<(Side Client, Side Upstream)> Pairs =>
        from client in Side.Clients from upstream in Side.Upstreams select (client, upstream);

    public static TheoryData<string, string, string> Everything() => Rows(client => client.IsAggregateOnly ? [] : MatrixCase.All.Select(one => one.Name));

    public static TheoryData<string, string, string> Aggregated() => Rows(_ => MatrixCase.OfAggregate.Select(one => one.Name));

    public static TheoryData<string, string, string> OfOneEra() =>
        Rows(client => Unshared.Where(one => client.IsModern || one.ToLegacy is not null).Select(one => one.Method));

    public static TheoryData<string, string> Handshakes()
    {
        var rows = new TheoryData<string, string>();
        foreach (var (client, upstream) in Pairs.Where(pair => !pair.Client.IsModern))
        {
            rows.Add(client.Name, upstream.Name);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public Task Messages_pass_byte_for_byte_but_for_what_must_be_rewritten(string clientName, string upstreamName, string caseName) =>
        PassAsync(Side.Client(clientName), Side.Upstream(upstreamName), MatrixCase.All.Single(one => one.Name == caseName), isAggregate: false);

    [Theory]
    [MemberData(nameof(Aggregated))]
    public Task Through_the_aggregate_names_and_uris_are_rewritten_too(string clientName, string upstreamName, string caseName) =>
        PassAsync(Side.Client(clientName), Side.Upstream(upstreamName), MatrixCase.OfAggregate.Single(one => one.Name == caseName), isAggregate: true);

    [Theory]
    [MemberData(nameof(OfOneEra))]
    public async Task A_method_that_only_one_era_has_is_answered_by_the_gateway(string clientName, string upstreamName, string method)
    {
        var (client, upstream) = (Side.Client(clientName), Side.Upstream(upstreamName));
        var one = Unshared.Single(candidate => candidate.Method == method);
        var connected = await matrix.ClientOfAsync(client, upstream, client.IsAggregateOnly);
        var (id, token) = NewMarks();

        var got = await connected.ExchangeAsync(Rewrites.Written(one.Request, client, id, token));

        var answer = Assert.Single(got.Messages);
        Assert.Contains($"\"id\":{id}", answer, StringComparison.Ordinal);
        Assert.Contains(client.IsModern ? one.ToModern : one.ToLegacy!, answer, StringComparison.Ordinal);
        Assert.Equal(StatusOf(client, answer), got.Status ?? StatusOf(client, answer));
        Assert.Empty(matrix.ServerOf(upstream).Faults);
    }

    [Theory]
    [MemberData(nameof(Handshakes))]
    public async Task A_handshake_agrees_on_the_clients_revision_and_shows_the_server(string clientName, string upstreamName)
    {
        var (client, upstream) = (Side.Client(clientName), Side.Upstream(upstreamName));

        var connected = await matrix.ClientOfAsync(client, upstream, client.IsAggregateOnly);


        Assert.StartsWith(
            $$$"""{"jsonrpc":"2.0","id":"init","result":{"protocolVersion":"{{{client.Revision}}}","capabilities":{""",
            connected.Initialized,
            StringComparison.Ordinal);
        Assert.Contains(Rewrites.AtClient("\"serverInfo\":«server»", upstream, client.IsAggregateOnly), connected.Initialized, StringComparison.Ordinal);
        Assert.Empty(matrix.ServerOf(upstream).Faults);
    }

    private async Task PassAsync(Side client, Side upstream, MatrixCase one, bool isAggregate)
    {
        var (connected, server) = (await matrix.ClientOfAsync(client, upstream, isAggregate), matrix.ServerOf(upstream));
        var (id, token) = NewMarks();
        var received = "";
        server.Expect(raw =>
        {
            received = raw;
            var marks = Rewrites.MarksOf(raw);
            return [.. one.Replies.Where(reply => reply.IsSentBy(upstream, client)).Select(reply => Rewrites.AtUpstream(Rewrites.Written(reply.Template, upstream, marks.Id, marks.Token)))];
        });

        var request = Rewrites.AtClient(Rewrites.Written(one.Request, client, id, token), upstream, isAggregate);
        var got = await connected.ExchangeAsync(OnLines(request, client.Wire == Wire.Stdio));

        Assert.Empty(server.Faults);
        var (theirId, theirToken) = Rewrites.MarksOf(received);
        Assert.True(long.TryParse(theirId, out _), theirId);
        var forwarded = Rewrites.AtUpstream(Rewrites.Read(one.Request, client, upstream, theirId, theirToken));
        Assert.Equal(OnLines(forwarded, upstream.Wire == Wire.Stdio || client.Wire == Wire.Stdio), received);
        var expected = one.Replies
            .Where(reply => reply.IsSentBy(upstream, client) && reply.Reaches(client))
            .Select(reply => Rewrites.AtClient(Rewrites.Read(reply.Template, upstream, client, id, token), upstream, isAggregate))
            .Select(text => OnLines(text, upstream.Wire == Wire.Stdio || got.IsOnLines));
        Assert.Equal(string.Join('\n', expected), string.Join('\n', got.Messages));
        Assert.Equal(StatusOf(client, got.Messages[^1]), got.Status ?? StatusOf(client, got.Messages[^1]));
    }

    private static int StatusOf(Side client, string answer) => client.IsModern && answer.Contains("\"code\":-32601", StringComparison.Ordinal) ? 404 : 200;

    /// <summary>Where a message stands on one line, line breaks between its tokens become spaces.</summary>
    private static string OnLines(string message, bool isOnLine) => isOnLine ? message.Replace('\n', ' ') : message;

    private static TheoryData<string, string, string> Rows(Func<Side, IEnumerable<string>> cases)
    {
        var rows = new TheoryData<string, string, string>();
        foreach (var (client, upstream) in Pairs)
        {
            foreach (var one in cases(client))
            {
                rows.Add(client.Name, upstream.Name, one);
            }
        }

        return rows;
    }

    /// <summary>Ids and tokens in every spelling that JSON has for them.</summary>
    private (string Id, string Token) NewMarks()
    {
        var number = matrix.NextNumber();
        return (number % 4) switch
        {
            0 => ($"{number}", $"\"t-\\u0061{number}\""),
            1 => ($"\"c-\\u00e9\\/ é{number}\"", $"{number}"),
            2 => ($"{9_007_199_254_740_993 + number}", $"\"{number}\""),
            _ => ($"\"{number}\"", $"{9_007_199_254_740_993 + number}"),
        };
    }
}
