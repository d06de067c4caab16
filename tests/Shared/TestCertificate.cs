using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NativeGateway.Shared;

/// <summary>Self-signed certificates as PEM files.</summary>
public static class TestCertificate
{
    /// <summary>Writes both files and gives the certificate's thumbprint.</summary>
    public static string Write(string certificatePath, string keyPath, string name = "localhost")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return certificate.Thumbprint;
    }
}
