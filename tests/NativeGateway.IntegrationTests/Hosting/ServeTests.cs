using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.Hosting;

public sealed class ServeTests : IDisposable
{
    private const string AnyPort = "http://127.0.0.1:0";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_first_start_prints_the_key_and_what_to_paste_once()
    {
        string key;
        await using (var first = new RunningGateway(_directory.Path, "--listen", AnyPort))
        {
            var address = await first.ListeningAsync();
            first.Stop();
            Assert.Equal(0, await first.ExitAsync());

            key = first.Out.Split('\n').First(line => line.StartsWith("  ngw_", StringComparison.Ordinal)).Trim();
            var snippet = first.Out[first.Out.IndexOf('{', StringComparison.Ordinal)..(first.Out.LastIndexOf('}') + 1)];
            var server = JsonDocument.Parse(snippet).RootElement.GetProperty("mcpServers").GetProperty("gateway");
            Assert.Equal($"{address}mcp", server.GetProperty("url").GetString());
            Assert.Equal($"Bearer {key}", server.GetProperty("headers").GetProperty("Authorization").GetString());
            Assert.DoesNotContain(key, first.Logs, StringComparison.Ordinal);
        }

        await using var second = new RunningGateway(_directory.Path, "--listen", AnyPort);
        await second.ListeningAsync();
        Assert.DoesNotContain("ngw_", second.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_answers_and_every_listener_is_printed()
    {
        await using var gateway = new RunningGateway(_directory.Path, "--listen", AnyPort, "--listen", AnyPort, "--log-format", "json");
        var address = await gateway.ListeningAsync();
        await gateway.LoggedAsync("\"Listening\"");
        using var client = new HttpClient();

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(address, "/health/live"))).StatusCode);
        using var ready = await client.GetAsync(new Uri(address, "/health/ready"));
        Assert.Equal("ready", (await ready.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        Assert.False(ready.Headers.Contains("Server"));
        Assert.Equal(2, gateway.Out.Split("listening on ").Length - 1);
    }

    [Fact]
    public async Task A_call_under_way_is_finished_before_the_end()
    {
        await using var gateway = new RunningGateway(_directory.Path, "--listen", AnyPort, "--no-auth");
        var address = await gateway.ListeningAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        const string Body = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";
        var head = $"POST /mcp HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: {Body.Length}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head + Body[..20]));
        using (var other = new HttpClient())
        {
            // By its answer the gateway has surely begun with the one before it.
            await other.GetAsync(new Uri(address, "/health/live"));
        }

        gateway.Stop();
        await gateway.LoggedAsync("[1002 Draining]");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Body[20..]));
        using var reader = new StreamReader(stream);
        var status = await reader.ReadLineAsync().WaitAsync(TestTime.Limit);

        Assert.Equal("HTTP/1.1 200 OK", status);
        client.Close();
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.DoesNotContain("1018", gateway.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_finish_in_time_is_cut_off()
    {
        await using var gateway = new RunningGateway(_directory.Path, "--listen", AnyPort, "--no-auth", "--shutdown-timeout", "100ms");
        var address = await gateway.ListeningAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"POST /mcp HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n{{"));
        using (var other = new HttpClient())
        {
            await other.GetAsync(new Uri(address, "/health/live"));
        }

        gateway.Stop();

        Assert.Equal(0, await gateway.ExitAsync());
        Assert.Contains("[1018 DrainIncomplete]", gateway.Logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_address_that_is_taken_is_named()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        await using var gateway = new RunningGateway(_directory.Path, "--listen", $"http://{first.LocalEndpoint}", "--listen", $"http://{second.LocalEndpoint}");

        Assert.Equal(1, await gateway.ExitAsync());

        Assert.Contains($"cannot listen on http://{first.LocalEndpoint}: another program", gateway.Error, StringComparison.Ordinal);
        Assert.Contains($"cannot listen on http://{second.LocalEndpoint}: another program", gateway.Error, StringComparison.Ordinal);
        Assert.Contains("  ngw_", gateway.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_file_is_taken_and_a_bad_one_keeps_what_runs()
    {
        var config = Path.Combine(_directory.Path, "gateway.json");
        await File.WriteAllTextAsync(config, """{ "mcpServers": { "a": { "url": "http://127.0.0.1:1/mcp" } } }""");
        await using var gateway = new RunningGateway(_directory.Path, "--listen", AnyPort, "--config", config);
        var address = await gateway.ListeningAsync();
        using var client = new HttpClient();

        await File.WriteAllTextAsync(config, """{ "mcpServers": { "a": { "url": "http://127.0.0.1:1/mcp" }, "b": { "url": "http://127.0.0.1:1/mcp" } }, "listen": ["http://127.0.0.1:1"] }""");
        await gateway.LoggedAsync("[1006 ConfigurationReloaded]");
        Assert.Equal(2, await ServersAsync());
        await gateway.LoggedAsync("a change of listen takes effect after a restart");

        await File.WriteAllTextAsync(config, """{ "mcpServers": { "c": { "url": "http://127.0.0.1:1/mcp", "timeout": 5 } }, "limitz": {} }""");
        await gateway.LoggedAsync("$.mcpServers.c.timeout");
        await gateway.LoggedAsync("$.limitz");
        Assert.Equal(2, await ServersAsync());

        async Task<int> ServersAsync()
        {
            var report = await client.GetFromJsonAsync<JsonElement>(new Uri(address, "/health"));
            return report.GetProperty("servers").GetInt32();
        }
    }

    [Fact]
    public async Task A_change_by_the_command_line_is_in_use_at_once()
    {
        using var cli = new Cli();
        await using var gateway = new RunningGateway(cli.Directory, "--listen", AnyPort);
        await gateway.ListeningAsync();

        await cli.RunAsync("servers", "add", "a", "--url", "http://127.0.0.1:1/mcp");

        await gateway.LoggedAsync("Registry revision 2 is in use: 1 upstreams");
    }

    [Fact]
    public async Task Tls_is_spoken_in_version_13_only_and_carries_http_2()
    {
        var (certificate, key) = (Path.Combine(_directory.Path, "cert.pem"), Path.Combine(_directory.Path, "key.pem"));
        TestCertificate.Write(certificate, key);
        await using var gateway = new RunningGateway(
            _directory.Path, "--listen", "https://127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key);
        var address = await gateway.ListeningAsync();

        using var answer = await AskAsync(SslProtocols.Tls13);
        Assert.Equal((HttpStatusCode.OK, new Version(2, 0)), (answer.StatusCode, answer.Version));
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(SslProtocols.Tls12));

        async Task<HttpResponseMessage> AskAsync(SslProtocols protocol)
        {
            using var handler = new SocketsHttpHandler();
            handler.SslOptions.EnabledSslProtocols = protocol;
            handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null;
            using var client = new HttpClient(handler);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, "/health/live")) { Version = HttpVersion.Version20 };
            return await client.SendAsync(request);
        }
    }

    [Fact]
    public async Task A_broken_certificate_is_a_fault_of_configuration()
    {
        var path = Path.Combine(_directory.Path, "cert.pem");
        await File.WriteAllTextAsync(path, "nothing");
        await using var gateway = new RunningGateway(_directory.Path, "--listen", "https://127.0.0.1:0", "--tls-certificate", path, "--tls-key", path);

        Assert.Equal(78, await gateway.ExitAsync());
        Assert.Contains("PEM", gateway.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_finds_a_running_gateway_and_says_what_is_wrong()
    {
        using var cli = new Cli();
        await using var gateway = new RunningGateway(cli.Directory, "--listen", AnyPort);
        var address = (await gateway.ListeningAsync()).GetLeftPart(UriPartial.Authority);

        Assert.Equal(0, await cli.RunPlainAsync("doctor", "--live", "--url", address));
        Assert.Equal(0, await cli.RunAsync("doctor", "--listen", address));
        Assert.Contains($"✓ listener {address}: served by a running gateway", cli.Out, StringComparison.Ordinal);

        File.SetUnixFileMode(Path.Combine(cli.Directory, "encryption.key"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Equal(1, await cli.RunAsync("doctor", "--listen", address));
        Assert.Contains("✗ encryption key: ", cli.Out, StringComparison.Ordinal);
        Assert.Contains("chmod 600", cli.Out, StringComparison.Ordinal);

        await cli.RunAsync("doctor", "--listen", address, "--config", cli.Write("x.json", """{ "mcpServers": { "dead": { "url": "http://127.0.0.1:1/mcp" } } }"""));
        Assert.Contains("✗ server dead: ", cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspecting_a_gateway_shows_that_it_speaks_and_a_wrong_key_that_it_refuses()
    {
        using var cli = new Cli();
        await using var gateway = new RunningGateway(cli.Directory, "--listen", AnyPort);
        var url = new Uri(await gateway.ListeningAsync(), "/mcp").AbsoluteUri;
        await gateway.LoggedAsync("[1001 Listening]");
        cli.Environment["NATIVE_GATEWAY_API_KEY"] = gateway.Out.Split('\n').First(line => line.StartsWith("  ngw_", StringComparison.Ordinal)).Trim();

        Assert.Equal(0, await cli.RunPlainAsync("inspect", url));
        Assert.Contains("speaks MCP 2026-07-28", cli.Out, StringComparison.Ordinal);
        Assert.Equal(1, await cli.RunPlainAsync("inspect", url, "--api-key", "ngw_wrong", "--json"));
        Assert.Contains("401", cli.Out, StringComparison.Ordinal);
        Assert.Equal(1, await cli.RunPlainAsync("inspect", url, "--tool", "none"));
    }
}
