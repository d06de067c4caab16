using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.Hosting;
using NativeGateway.Protocol;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.DataPlane.Downstream;

/// <summary>
/// What the lean door accepts, Kestrel accepts, and understands alike. Heads are mutated by chance from a seed that a failure names; what the reader
/// leaves to Kestrel needs no comparison.
/// </summary>
public sealed class HeadFuzzTests : IAsyncLifetime
{
    private const string EndMark = "<end>";
    private const int Heads = 200_000;
    private const int Compared = 1_000;
    private const int ContentLength = 7;

    private KestrelListeners _kestrel = null!;
    private IPEndPoint _address = null!;

    public async Task InitializeAsync()
    {
        var options = new GatewayOptions { Listen = [ListenAddress.Parse("http://127.0.0.1:0", out _)!], Store = new StoreOptions("sqlite:none", "none", null) };
        _kestrel = KestrelSetup.Build(options, null, () => 1_000_000, NullLoggerFactory.Instance, null, EchoAsync);
        await _kestrel.StartAsync();
        _address = IPEndPoint.Parse(new Uri(_kestrel.Addresses[0]).Authority);
    }

    public async Task DisposeAsync() => await _kestrel.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public async Task What_the_lean_door_accepts_Kestrel_understands_alike(int seed)
    {
        var heads = new HeadMutator(seed, "Bearer k", ContentLength);
        var request = new Http1Request();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Heads && seen.Count < Compared; i++)
        {
            var bytes = heads.Next().ToArray();
            var head = Encoding.Latin1.GetString(bytes);
            if (Http1Reader.Read(bytes, request) != Http1Verdict.Complete || request.ContentLength > 1000 || !seen.Add(head[..request.HeadLength]))
            {
                continue;
            }

            var expected = Describe(
                request.ContentLength.ToString(CultureInfo.InvariantCulture),
                "/mcp" + (request.UpstreamName.IsPresent ? "/" + Text(bytes, request.UpstreamName) : ""),
                Text(bytes, request[KnownHeader.Host]),
                Text(bytes, request[KnownHeader.Authorization]),
                Text(bytes, request[KnownHeader.Accept]),
                request.Closes);
            var answer = await AskAsync([.. bytes.AsSpan(0, request.HeadLength), .. new byte[request.ContentLength]]);
            Assert.True(answer.EndsWith(expected, StringComparison.Ordinal), $"seed {seed}, head {i}:\n{head}\nexpected: {expected}\nKestrel: {answer}");
        }

        Assert.True(seen.Count > 100, "The mutations are too wild to compare anything.");
    }

    private async Task<string> AskAsync(byte[] request)
    {
        using var limit = new CancellationTokenSource(TestTime.Limit);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_address, limit.Token);
        await socket.SendAsync(request, limit.Token);
        var answer = "";
        var buffer = new byte[4096];
        while (!answer.EndsWith(EndMark, StringComparison.Ordinal) && await socket.ReceiveAsync(buffer, limit.Token) is var count and > 0)
        {
            answer += Encoding.Latin1.GetString(buffer, 0, count);
        }

        return answer;
    }

    private static async Task EchoAsync(HttpContext context)
    {
        var request = context.Request;
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, CancellationToken.None);
        var closes = request.Headers.Connection.ToString().Equals("close", StringComparison.OrdinalIgnoreCase);
        var text = Describe(
            body.Length.ToString(CultureInfo.InvariantCulture), request.Path.Value!, request.Host.Value!, request.Headers.Authorization.ToString(), request.Headers.Accept.ToString(), closes);
        context.Response.ContentLength = text.Length;
        await context.Response.WriteAsync(text, CancellationToken.None);
    }

    private static string Describe(string length, string path, string host, string authorization, string accept, bool closes) =>
        $"{length}|{path}|{host}|{authorization}|{accept}|{closes}{EndMark}";

    private static string Text(byte[] bytes, ByteRange range) => Encoding.Latin1.GetString(range.Of(bytes));
}
