using System.Security.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.Hosting;
using NativeGateway.Shared;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.Hosting;

public sealed class CertificateFilesTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new();
    private readonly TlsFiles _files;
    private int _age = 100;

    public CertificateFilesTests() => _files = new TlsFiles(Path.Combine(_directory.Path, "cert.pem"), Path.Combine(_directory.Path, "key.pem"));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Only_tls_13_is_spoken_over_both_versions_of_http()
    {
        Write();
        var options = Open().Current;

        Assert.Equal(SslProtocols.Tls13, options.EnabledSslProtocols);
        Assert.Equal(["h2", "http/1.1"], options.ApplicationProtocols!.Select(protocol => protocol.ToString()));
    }

    [Fact]
    public void New_files_are_taken_after_a_second()
    {
        var first = Write();
        var certificates = Open();
        var second = Write();

        Assert.Equal(first, Thumbprint(certificates));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(second, Thumbprint(certificates));
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void A_broken_new_file_keeps_what_is_there_until_it_is_mended()
    {
        var first = Write();
        var certificates = Open();
        Write();
        File.WriteAllText(_files.Key, "-----BEGIN NOTHING-----");
        Touch();

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(first, Thumbprint(certificates));

        File.Delete(_files.Certificate);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(first, Thumbprint(certificates));

        var mended = Write();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(mended, Thumbprint(certificates));
    }

    [Fact]
    public void The_handshake_options_are_made_once_per_certificate()
    {
        Write();
        var certificates = Open();
        var before = certificates.Current;

        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Same(before, certificates.Current);
    }

    [Theory]
    [InlineData("certificate", "")]
    [InlineData("key", "")]
    [InlineData("key", "other")]
    public void Files_that_do_not_belong_together_are_refused_at_start(string which, string content)
    {
        Write();
        if (content == "other")
        {
            TestCertificate.Write(Path.Combine(_directory.Path, "x.pem"), _files.Key);
        }
        else
        {
            File.WriteAllText(which == "key" ? _files.Key : _files.Certificate, content);
        }

        Assert.Contains("write the chain", Assert.Throws<CertificateException>(Open).Message, StringComparison.Ordinal);
    }

    private static string Thumbprint(CertificateFiles certificates) => certificates.Current.ServerCertificateContext!.TargetCertificate.Thumbprint;

    private CertificateFiles Open() => new(_files, _clock, NullLogger.Instance);

    private string Write()
    {
        var thumbprint = TestCertificate.Write(_files.Certificate, _files.Key);
        Touch();
        return thumbprint;
    }

    /// <summary>Gives the files a time of their own each time, however fast the test is.</summary>
    private void Touch()
    {
        var written = DateTime.UtcNow.AddMinutes(-_age--);
        File.SetLastWriteTimeUtc(_files.Certificate, written);
        File.SetLastWriteTimeUtc(_files.Key, written);
    }
}
