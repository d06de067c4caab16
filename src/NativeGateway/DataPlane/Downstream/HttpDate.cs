using System.Globalization;
using System.Text;

namespace NativeGateway.DataPlane.Downstream;

/// <summary>The <c>Date</c> of responses (RFC 9110, 6.6.1), written once a second. Of one loop.</summary>
internal sealed class HttpDate
{
    private byte[] _text = [];
    private long _second;

    public ReadOnlySpan<byte> Now
    {
        get
        {
            var now = DateTime.UtcNow;
            var second = now.Ticks / TimeSpan.TicksPerSecond;
            if (second != _second)
            {
                (_second, _text) = (second, Encoding.ASCII.GetBytes(now.ToString("r", CultureInfo.InvariantCulture)));
            }

            return _text;
        }
    }
}
