using System.Buffers;
using System.Globalization;
using System.Text;

namespace NativeGateway.Telemetry;

/// <summary>Writes the Prometheus text format: a family's head, then its samples.</summary>
internal sealed class PrometheusText(IBufferWriter<byte> output)
{
    private string _family = "";

    public void Begin(string family, string type, string? help)
    {
        _family = family;
        if (help is not null)
        {
            Write($"# HELP {family} {help}\n");
        }

        Write($"# TYPE {family} {type}\n");
    }

    public void Sample(string labels, double value) => Sample("", labels, value);

    public void Sample(string suffix, string labels, double value)
    {
        Write(labels.Length == 0 ? $"{_family}{suffix} {Number(value)}\n" : $"{_family}{suffix}{{{labels}}} {Number(value)}\n");
    }

    public static string Number(double value) => value.ToString("0.################", CultureInfo.InvariantCulture);

    private void Write(string text) => Encoding.UTF8.GetBytes(text, output);
}
