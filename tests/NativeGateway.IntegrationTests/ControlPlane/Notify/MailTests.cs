using System.Security.Cryptography.X509Certificates;
using System.Text;
using NativeGateway.IntegrationTests.Storage;
using NativeGateway.Model;
using NativeGateway.Shared;
using NativeGateway.Storage;
using NativeGateway.Tests.Shared;
using Xunit;

namespace NativeGateway.IntegrationTests.ControlPlane.Notify;

/// <summary>Alerts by e-mail through the outbox, to mail servers that speak SMTP on real sockets.</summary>
public sealed class MailTests : IDisposable
{
    private const string Password = "planted päss\"word";

    private readonly TestClock _clock = new(Samples.Noon);
    private readonly TempDirectory _directory = new();
    private readonly X509Certificate2 _certificate;

    public MailTests()
    {
        TestCertificate.Write(CertificateFile, KeyFile);
        _certificate = X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile);
    }

    private string CertificateFile => Path.Combine(_directory.Path, "mail.pem");

    private string KeyFile => Path.Combine(_directory.Path, "mail.key");

    public void Dispose()
    {
        _certificate.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("PLAIN LOGIN", false)]
    [InlineData("LOGIN", false)]
    [InlineData("PLAIN", true)]
    public async Task An_alert_is_handed_in_under_tls_with_the_password(string ways, bool isImplicit)
    {
        await using var server = new MailReceiver(new MailScript { Certificate = _certificate, Ways = ways, IsImplicit = isImplicit });

        var attempt = await SendAsync(Secured(server, isImplicit ? MailSecurity.Tls : MailSecurity.StartTls));

        Assert.Equal((250, null), (attempt.Status, attempt.Failure));
        var mail = await server.First.WaitAsync(TestTime.Limit);
        Assert.True(mail.IsProtected);
        Assert.Contains(mail.Commands, line => Decodes(line.Split(' ')[^1], Password));
        Assert.Equal(["MAIL FROM:<gateway@example.com>", "RCPT TO:<on.call+1@example.com>", "DATA"], mail.Commands.TakeLast(3));
        Assert.All(server.Clear, line => Assert.DoesNotContain("AUTH", line, StringComparison.Ordinal));
        Assert.Equal(("native-gateway <gateway@example.com>", "<on.call+1@example.com>"), (mail.Header("From"), mail.Header("To")));
        Assert.Equal("Server github is down", Encoding.UTF8.GetString(Convert.FromBase64String(mail.Header("Subject")[10..^2])));
        Assert.Equal("auto-generated", mail.Header("Auto-Submitted"));
        Assert.Contains("Reason: it refuses connections\r\n", mail.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relay_without_tls_and_password_is_used_as_it_is_configured()
    {
        await using var server = new MailReceiver(new MailScript());

        Assert.Null((await SendAsync(new MailServer("localhost", server.Port, MailSecurity.None, "gateway@example.com"))).Failure);

        Assert.False((await server.First.WaitAsync(TestTime.Limit)).IsProtected);
    }

    [Theory]
    [InlineData("no_starttls")]
    [InlineData("tls")]
    public async Task Nothing_but_the_greeting_is_said_in_clear_where_tls_is_demanded(string failure)
    {
        // Either the server offers no TLS, or somebody has put a line behind its answer.
        await using var server = new MailReceiver(failure == "tls"
            ? new MailScript { Certificate = _certificate, Ways = "PLAIN", Injected = "250 AUTH PLAIN" }
            : new MailScript { Ways = "PLAIN" });

        Assert.Equal((null, failure), Ended(await SendAsync(Secured(server, MailSecurity.StartTls))));

        Assert.All(server.Clear, line => Assert.True(line.StartsWith("EHLO", StringComparison.Ordinal) || line == "STARTTLS", line));
    }

    [Fact]
    public async Task A_server_that_is_not_who_it_should_be_gets_nothing()
    {
        await using var server = new MailReceiver(new MailScript { Certificate = _certificate, Ways = "PLAIN" });

        Assert.Equal((null, "tls"), Ended(await SendAsync(Secured(server, MailSecurity.StartTls) with { TrustedCertificates = null })));

        Assert.False(server.First.IsCompleted);
    }

    [Theory]
    [InlineData("CONNECT", "554 go away", 554, "refused")]
    [InlineData("CONNECT", "hello", null, "no_mail_server")]
    [InlineData("EHLO", "502 what", 502, "refused")]
    [InlineData("AUTH", "535 wrong", 535, "credentials")]
    [InlineData("MAIL", "451 later", 451, "refused")]
    [InlineData("RCPT", "550 unknown", 550, "refused")]
    [InlineData("DATA", "452 full", 452, "refused")]
    public async Task Each_refusal_is_told_by_its_code_and_none_of_its_words(string command, string answer, int? status, string failure)
    {
        await using var server = new MailReceiver(new MailScript
        {
            Certificate = _certificate, IsImplicit = true, Ways = "PLAIN", Answers = new() { [command] = answer },
        });

        Assert.Equal((status, failure), Ended(await SendAsync(Secured(server, MailSecurity.Tls))));
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_left_after_half_a_minute()
    {
        await using var server = new MailReceiver(new MailScript { IsSilent = true });
        var sending = SendAsync(Secured(server, MailSecurity.StartTls));
        await server.Came.WaitAsync(TestTime.Limit);

        _clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal((null, "timeout"), Ended(await sending.WaitAsync(TestTime.Limit)));
    }

    [Fact]
    public async Task Without_a_mail_server_a_delivery_fails_and_is_tried_again()
    {
        Assert.Equal((null, "not_configured"), Ended(await SendAsync(null)));
    }

    private MailServer Secured(MailReceiver server, MailSecurity security) =>
        new("localhost", server.Port, security, "gateway@example.com") { User = "gateway", Password = Password, TrustedCertificates = CertificateFile };

    /// <summary>Raises one alert and sends it once.</summary>
    private async Task<DeliveryAttempt> SendAsync(MailServer? mail)
    {
        await using var database = TempDatabase.Sqlite();
        await using var replica = await NotifyingReplica.StartAsync(database, _clock, mail: mail);
        var destination = await replica.AddWebhookAsync(new Uri("mailto:on.call+1@example.com"), Samples.Noon);
        await replica.RaiseAsync(Samples.Noon);

        Assert.Equal(1, await replica.Dispatcher.SendDueAsync(CancellationToken.None));

        var delivery = await replica.ReadDeliveryAsync(destination);
        var attempt = Assert.Single(delivery.Log);
        Assert.Equal(attempt.Failure is null ? DeliveryState.Delivered : DeliveryState.Pending, delivery.State);
        return attempt;
    }

    private static (int?, string?) Ended(DeliveryAttempt attempt) => (attempt.Status, attempt.Failure);

    private static bool Decodes(string base64, string text)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) && Encoding.UTF8.GetString(bytes, 0, length).EndsWith(text, StringComparison.Ordinal);
    }
}
