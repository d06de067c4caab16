namespace NativeGateway.Model;

/// <summary>How a connection to a mail server is protected.</summary>
internal enum MailSecurity : byte
{
    /// <summary>Begins in clear and goes on by TLS (RFC 3207), or not at all.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,

    /// <summary>In clear, for a relay on the same machine or network; never with credentials.</summary>
    None,
}

/// <summary>Where alerts by e-mail are handed in. Holds a secret, so it is never printed.</summary>
/// <param name="From">The sender's address.</param>
internal sealed record MailServer(string Host, int Port, MailSecurity Security, string From)
{
    /// <summary>Null for none.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>A PEM file with the certificates that may have signed the server's; null for those that the system trusts.</summary>
    public string? TrustedCertificates { get; init; }

    public override string ToString() => nameof(MailServer);
}
