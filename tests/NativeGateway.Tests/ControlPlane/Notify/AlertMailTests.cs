using System.Text;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Tests.ControlPlane.Notify;

public class AlertMailTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("on.call+1@example.com", true)]
    [InlineData("a@localhost", true)]
    [InlineData("a@b.c,d@e.f", false)]
    [InlineData("a@b.c?bcc=d@e.f", false)]
    [InlineData("a@b.c\r\nRCPT TO:<d@e.f>", false)]
    [InlineData("a b@c.d", false)]
    [InlineData("<a@b.c>", false)]
    [InlineData("\"a b\"@c.d", false)]
    [InlineData("a@[127.0.0.1]", false)]
    [InlineData("ä@b.c", false)]
    [InlineData("a@ä.c", false)]
    [InlineData("@b.c", false)]
    [InlineData("a@", false)]
    [InlineData("", false)]
    public void An_address_is_one_mailbox_and_nothing_else(string text, bool isOne) => Assert.Equal(isOne, MailAddress.IsOne(text));

    [Fact]
    public void No_name_adds_a_header_or_ends_the_message()
    {
        var mail = Write("x\r\nBcc: d@e.f\r\n\r\n.\r\nQUIT\r\n", "\r\n.\r\n");
        var lines = mail.Split("\r\n");

        Assert.DoesNotContain("Bcc", mail, StringComparison.Ordinal);
        Assert.DoesNotContain(lines, line => line.StartsWith('.'));
        Assert.All(mail, letter => Assert.True(letter is '\r' or '\n' or >= ' ' and <= '~'));
        Assert.Equal(mail.Count(letter => letter == '\n'), mail.Count(letter => letter == '\r'));
        Assert.Equal(
            ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"],
            lines.TakeWhile(line => line.Length > 0).Where(line => line[0] != ' ').Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)]));
    }

    [Fact]
    public void A_long_name_is_a_subject_of_short_lines_with_whole_letters()
    {
        var name = string.Concat(Enumerable.Repeat("größe 😀", 20));

        var words = Write(name, null).Split("\r\n").SkipWhile(line => !line.StartsWith("Subject", StringComparison.Ordinal))
            .TakeWhile(line => line[0] == ' ' || line.StartsWith("Subject", StringComparison.Ordinal)).ToArray();

        Assert.All(words, line => Assert.InRange(line.Length, 1, 78));
        var texts = words.Select(line => line[(line.IndexOf("=?utf-8?B?", StringComparison.Ordinal) + 10)..^2]);
        Assert.Equal($"Webhook {name} was disabled", string.Concat(texts.Select(text => new UTF8Encoding(false, true).GetString(Convert.FromBase64String(text)))));
    }

    [Fact]
    public void Every_attempt_of_a_delivery_is_the_same_message()
    {
        static string IdOf(string mail) => mail.Split("\r\n").Single(line => line.StartsWith("Message-ID", StringComparison.Ordinal));

        Assert.Equal(IdOf(Write("a", null)), IdOf(Write("a", null)));
    }

    private static string Write(string subject, string? reason)
    {
        var alert = new Alert(Guid.Empty, AlertKind.WebhookDisabled, At, null, Guid.Empty, subject, reason);
        var delivery = new DueDelivery(7, Guid.Empty, new Uri("mailto:a@b.c"), "", new StoredAlert(1, alert), 1);
        return Encoding.ASCII.GetString(AlertMail.Write(delivery, "gateway@example.com", "a@b.c", At));
    }
}
