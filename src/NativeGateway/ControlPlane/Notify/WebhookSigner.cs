using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>
/// Signs what webhooks get, so that receivers know who sent it and when: HMAC-SHA256 with the webhook's secret over the time, a dot and the body.
/// The time is signed too, so that what was once overheard cannot be sent again later.
/// </summary>
internal static class WebhookSigner
{
    public const string Header = "X-NativeGateway-Signature";

    private const int SecretBytes = 32;

    public static string NewSecret() => "whsec_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <returns><c>t=SECONDS,v1=HEX</c>.</returns>
    public static string Sign(string secret, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var seconds = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.ASCII.GetBytes(seconds + "."));
        hmac.AppendData(body);
        return $"t={seconds},v1={Convert.ToHexStringLower(hmac.GetHashAndReset())}";
    }
}
