using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using NativeGateway.Telemetry;

namespace NativeGateway.Hosting;

/// <summary>
/// What a TLS handshake needs, from PEM files that may be exchanged while the gateway runs: looked at no more than once a second, and only
/// when somebody connects. A broken new file keeps what was loaded before. Any thread.
/// </summary>
internal sealed class CertificateFiles
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly TlsFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private long _lookedAt;
    private (DateTime Certificate, DateTime Key) _written;
    private volatile SslServerAuthenticationOptions _current;

    /// <exception cref="CertificateException">The files cannot be used.</exception>
    public CertificateFiles(TlsFiles files, TimeProvider time, ILogger logger)
    {
        _files = files;
        _time = time;
        _logger = logger;
        _lookedAt = time.GetTimestamp();
        _written = LastWritten();
        _current = Load();
    }

    public SslServerAuthenticationOptions Current
    {
        get
        {
            // Whoever comes while another looks takes what is there.
            if (_time.GetElapsedTime(Interlocked.Read(ref _lookedAt)) >= LookInterval && _gate.TryEnter())
            {
                try
                {
                    Look();
                }
                finally
                {
                    _gate.Exit();
                }
            }

            return _current;
        }
    }

    private void Look()
    {
        Interlocked.Exchange(ref _lookedAt, _time.GetTimestamp());
        var written = LastWritten();
        if (written == _written)
        {
            return;
        }

        // Remembered even when loading fails: the same broken file is reported once, and a file still being written changes again.
        _written = written;
        try
        {
            _current = Load();
        }
        catch (CertificateException exception)
        {
            _logger.CertificateNotReloaded(exception.Message);
        }
    }

    private (DateTime Certificate, DateTime Key) LastWritten() => (File.GetLastWriteTimeUtc(_files.Certificate), File.GetLastWriteTimeUtc(_files.Key));

    private SslServerAuthenticationOptions Load()
    {
        var chain = new X509Certificate2Collection();
        X509Certificate2 leaf;
        try
        {
            chain.ImportFromPemFile(_files.Certificate);
            leaf = X509Certificate2.CreateFromPemFile(_files.Certificate, _files.Key);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new CertificateException("the files hold no PEM certificate with its matching, unencrypted PEM key; write the chain (own certificate first) and the key anew");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException("the files cannot be read by this user; check their paths and permissions");
        }

        _logger.CertificateLoaded(new DateTimeOffset(leaf.NotAfter));
        return new SslServerAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            // Offline: the chain is what the file holds; nothing is fetched from addresses inside certificates.
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, [.. chain.Skip(1)], offline: true),
        };
    }
}

/// <summary>The certificate files cannot be used. The message says what to do and repeats nothing of them.</summary>
internal sealed class CertificateException(string message) : Exception(message);
