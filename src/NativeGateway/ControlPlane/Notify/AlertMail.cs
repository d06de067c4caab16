using System.Globalization;
using System.Text;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>
/// An alert as an Internet message (RFC 5322, MIME). Everything that is not fixed is either an address that was checked, a number, or encoded in
/// base64: no text can add a header, and no line begins with a dot.
/// </summary>
internal static class AlertMail
{
    /// <summary>Bytes of UTF-8 in one encoded word, so that it stays below 75 characters (RFC 2047, 2).</summary>
    private const int WordBytes = 42;

    public static byte[] Write(DueDelivery delivery, string from, string to, DateTimeOffset at)
    {
        var alert = delivery.Alert.Alert;
        var text = new StringBuilder();
        var domain = from[(from.LastIndexOf('@') + 1)..];
        text.Append(CultureInfo.InvariantCulture, $"From: native-gateway <{from}>\r\n");
        text.Append(CultureInfo.InvariantCulture, $"To: <{to}>\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Subject: {Encode(Headline(alert))}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Date: {at.UtcDateTime:ddd, dd MMM yyyy HH':'mm':'ss} +0000\r\n");

        // The same for every attempt, so that mailboxes can drop what they have already.
        text.Append(CultureInfo.InvariantCulture, $"Message-ID: <{delivery.Id}.{alert.At.ToUnixTimeMilliseconds()}.{delivery.WebhookId:N}@{domain}>\r\n");
        text.Append("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        text.Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(Body(alert)), Base64FormattingOptions.InsertLineBreaks));
        text.Append("\r\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static string Headline(Alert alert) => alert.Kind switch
    {
        AlertKind.ServerDown => $"Server {alert.Subject} is down",
        AlertKind.ServerDegraded => $"Server {alert.Subject} is degraded",
        AlertKind.ServerNeedsSignIn => $"Server {alert.Subject} needs a sign-in",
        AlertKind.ServerRecovered => $"Server {alert.Subject} has recovered",
        AlertKind.WebhookDisabled => $"Webhook {alert.Subject} was disabled",
        _ => $"Test of {alert.Subject}",
    };

    private static string Body(Alert alert)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Headline(alert)}.\r\n\r\n");
        if (alert.Reason is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"Reason: {alert.Reason}\r\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"Time: {alert.At.UtcDateTime:yyyy-MM-dd HH':'mm':'ss} UTC\r\nOrganization: {alert.OrganizationId}\r\n");
        if (alert.WorkspaceId is { } workspace)
        {
            text.Append(CultureInfo.InvariantCulture, $"Workspace: {workspace}\r\n");
        }

        return text.ToString();
    }

    /// <summary>As encoded words, on as many lines as it takes; no letter is torn.</summary>
    private static string Encode(string text)
    {
        var words = new List<string>();
        var word = new List<byte>();
        Span<byte> letter = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(letter);
            if (word.Count + length > WordBytes)
            {
                words.Add(Word(word));
                word.Clear();
            }

            word.AddRange(letter[..length]);
        }

        words.Add(Word(word));
        return string.Join("\r\n ", words);
    }

    private static string Word(List<byte> bytes) => $"=?utf-8?B?{Convert.ToBase64String([.. bytes])}?=";
}
