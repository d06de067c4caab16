using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using NativeGateway.Model;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>A mail server's answer that is not the one hoped for, or the lack of something that it would have to offer.</summary>
/// <param name="reason">A word of the gateway's own; what the server says is kept nowhere.</param>
internal sealed class SmtpException(string reason, int? code = null) : Exception(reason)
{
    public string Reason { get; } = reason;

    /// <summary>The code of the answer; null when it is about none.</summary>
    public int? Code { get; } = code;
}

/// <summary>
/// One message handed in to a mail server (RFC 5321), by TLS (RFC 3207 or 8314) and with a password (RFC 4954) as its configuration says. What it
/// demands and does not get ends the conversation: it never goes on in clear. Used by one sender at a time.
/// </summary>
internal sealed class SmtpConversation : IAsyncDisposable
{
    private const int LongestReply = 16 * 1024;

    private readonly MailServer _server;
    private readonly TcpClient _client;
    private readonly byte[] _buffer = new byte[4096];
    private Stream _stream;
    private int _start, _end;

    private SmtpConversation(MailServer server, TcpClient client) => (_server, _client, _stream) = (server, client, client.GetStream());

    /// <summary>Connects, and is greeted, protected and known when this returns.</summary>
    /// <exception cref="SmtpException"/>
    /// <exception cref="SocketException"/>
    /// <exception cref="IOException"/>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The server is not who it should be.</exception>
    public static async Task<SmtpConversation> OpenAsync(MailServer server, CancellationToken cancellationToken)
    {
        var client = new TcpClient();
        SmtpConversation? conversation = null;
        try
        {
            await client.ConnectAsync(server.Host, server.Port, cancellationToken);
            conversation = new SmtpConversation(server, client);
            await conversation.BeginAsync(cancellationToken);
            return conversation;
        }
        catch
        {
            await (conversation?.DisposeAsync() ?? ValueTask.CompletedTask);
            client.Dispose();
            throw;
        }
    }

    /// <param name="message">With line ends CR LF and no line that begins with a dot.</param>
    /// <exception cref="SmtpException"/>
    public async Task SendAsync(string to, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await AskAsync($"MAIL FROM:<{_server.From}>", 250, cancellationToken);
        await AskAsync($"RCPT TO:<{to}>", 250, cancellationToken);
        await AskAsync("DATA", 354, cancellationToken);
        await _stream.WriteAsync(message, cancellationToken);
        await AskAsync(".", 250, cancellationToken);

        // It has the message; what it says to this changes nothing.
        await _stream.WriteAsync("QUIT\r\n"u8.ToArray(), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _client.Dispose();
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_server.Security == MailSecurity.Tls)
        {
            await ProtectAsync(cancellationToken);
        }

        Expect(220, await ReadAsync(cancellationToken));
        var offers = await GreetAsync(cancellationToken);
        if (_server.Security == MailSecurity.StartTls)
        {
            if (!offers.Contains("STARTTLS", StringComparer.OrdinalIgnoreCase))
            {
                throw new SmtpException("no_starttls");
            }

            await AskAsync("STARTTLS", 220, cancellationToken);
            if (_start < _end)
            {
                // Somebody on the way has put something behind the answer that would count as said under TLS.
                throw new SmtpException("tls");
            }

            await ProtectAsync(cancellationToken);
            offers = await GreetAsync(cancellationToken);
        }

        if (_server.User is not null)
        {
            await SignInAsync(offers, cancellationToken);
        }
    }

    private async Task ProtectAsync(CancellationToken cancellationToken)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = _server.Host };
        if (_server.TrustedCertificates is { } file)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        }

        var secured = new SslStream(_stream);
        _stream = secured;
        await secured.AuthenticateAsClientAsync(options, cancellationToken);
    }

    /// <summary>What the server offers.</summary>
    private Task<List<string>> GreetAsync(CancellationToken cancellationToken)
    {
        var address = ((IPEndPoint)_client.Client.LocalEndPoint!).Address;
        var own = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return AskAsync(own.AddressFamily == AddressFamily.InterNetworkV6 ? $"EHLO [IPv6:{own}]" : $"EHLO [{own}]", 250, cancellationToken);
    }

    private async Task SignInAsync(List<string> offers, CancellationToken cancellationToken)
    {
        var ways = offers.Find(offer => offer.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase))?.ToUpperInvariant().Split(' ') ?? [];
        if (ways.Contains("PLAIN"))
        {
            await AskAsync($"AUTH PLAIN {Base64($"\0{_server.User}\0{_server.Password}")}", 235, cancellationToken);
        }
        else if (ways.Contains("LOGIN"))
        {
            await AskAsync("AUTH LOGIN", 334, cancellationToken);
            await AskAsync(Base64(_server.User!), 334, cancellationToken);
            await AskAsync(Base64(_server.Password!), 235, cancellationToken);
        }
        else
        {
            throw new SmtpException("no_sign_in");
        }
    }

    private async Task<List<string>> AskAsync(string line, int expected, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), cancellationToken);
        return Expect(expected, await ReadAsync(cancellationToken));
    }

    private static List<string> Expect(int expected, (int Code, List<string> Lines) reply) =>
        reply.Code == expected ? reply.Lines
        : throw new SmtpException(expected is 235 or 334 && reply.Code is >= 500 ? "credentials" : "refused", reply.Code);

    /// <summary>One answer: lines that begin with its code, all but the last of them followed by a hyphen.</summary>
    private async Task<(int Code, List<string> Lines)> ReadAsync(CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var length = 0;
        while (true)
        {
            var line = await ReadLineAsync(cancellationToken);
            length += line.Length;
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), System.Globalization.NumberStyles.None, null, out var code) || length > LongestReply)
            {
                throw new SmtpException("no_mail_server");
            }

            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] != '-')
            {
                return (code, lines);
            }
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (end >= 0)
            {
                var line = Encoding.ASCII.GetString(_buffer, _start, end).TrimEnd('\r');
                _start += end + 1;
                return line;
            }

            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            var read = _end == _buffer.Length ? 0 : await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                throw new SmtpException("no_mail_server");
            }

            _end += read;
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
