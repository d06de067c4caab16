using System.Security.Cryptography.X509Certificates;
using NativeGateway.NativeTests.Gateway;
using NativeGateway.NativeTests.Upstreams;
using NativeGateway.NativeTests.Wire;
using NativeGateway.Shared;
using Xunit;

namespace NativeGateway.NativeTests.Notify;

/// <summary>Alerts by e-mail, from the published binary to a mail server that takes passwords under TLS only.</summary>
public sealed class MailTests : IDisposable
{
    private const string Password = "planted-mail-password";

    private readonly TempDirectory _directory = new();

    private string CertificateFile => Path.Combine(_directory.Path, "mail.pem");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_test_of_a_destination_arrives_as_a_mail()
    {
        TestCertificate.Write(CertificateFile, Path.Combine(_directory.Path, "mail.key"));
        using var certificate = X509Certificate2.CreateFromPemFile(CertificateFile, Path.Combine(_directory.Path, "mail.key"));
        await using var tested = new MailReceiver(new MailScript { Certificate = certificate, Ways = "PLAIN" });
        await using var gateway = await GatewayProcess.StartAsync(new GatewaySetup
        {
            Config = new GatewayConfig { Servers = [("dead", GatewayConfig.Entry(ClosedPort.Url))], More = Mail(tested) },
            Environment = new Dictionary<string, string> { ["MAIL_PASSWORD"] = Password },
        });

        var created = await AdministerAsync(gateway, "POST", "/webhooks", """{"name":"mail","url":"mailto:oncall@example.com"}""");
        Assert.Equal(201, created.Status);
        Assert.Equal(204, (await AdministerAsync(gateway, "POST", $"/webhooks/{created.Json.GetProperty("id").GetString()}/test", "")).Status);

        var mail = await tested.First.WaitAsync(TestTime.Limit);
        Assert.True(mail.IsProtected);
        Assert.Equal(["MAIL FROM:<gateway@example.com>", "RCPT TO:<oncall@example.com>", "DATA"], mail.Commands.TakeLast(3));
        Assert.Contains("Test of mail", mail.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, gateway.Log.Text + created.Text, StringComparison.Ordinal);
    }

    private string Mail(MailReceiver server) =>
        $$"""
        , "mail": {
            "host": "localhost", "port": {{server.Port}}, "from": "gateway@example.com", "user": "gateway", "password": "${MAIL_PASSWORD}",
            "trustedCertificates": "{{CertificateFile}}"
          }
        """;

    private static Task<Reply> AdministerAsync(GatewayProcess gateway, string method, string path, string body)
    {
        var request = body.Length == 0 ? RawRequest.Bare(method, "/api/v1" + path) : RawRequest.Post("/api/v1" + path, body);
        return gateway.SendAsync(request.As(gateway.AdminKey));
    }
}
