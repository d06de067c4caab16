using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using NativeGateway.DataPlane.Downstream;
using NativeGateway.Protocol;
using NativeGateway.Shared;

namespace NativeGateway.Tests.DataPlane.Downstream;

/// <summary>
/// A million heads with faults, the same ones on every run. A failure names the seed and the head. That Kestrel understands alike what is accepted here
/// is for tests with sockets to show.
/// </summary>
public partial class Http1ReaderFuzzTests
{
    private const int Heads = 250_000;

    /// <summary>Every head is cut in some places, and so many of them in every place.</summary>
    private const int CutEverywhere = 2_500;

    private readonly Http1Request _request = new();
    private readonly Http1Request _other = new();
    private readonly int[] _verdicts = new int[3];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(728)]
    [InlineData(20261201)]
    public void A_quarter_of_a_million_heads_are_understood_completely_or_not_at_all(int seed)
    {
        var heads = new HeadMutator(seed, "Bearer k", 7);
        var random = new Random(seed);
        for (var number = 0; number < Heads; number++)
        {
            var bytes = heads.Next();
            try
            {
                Check(bytes, random, everywhere: number % (Heads / CutEverywhere) == 0);
            }
            catch (Exception fault)
            {
                Assert.Fail($"Seed {seed}, head {number}:\n{Encoding.Latin1.GetString(bytes)}\n{fault}");
            }
        }

        // Mutations that are too wild or too tame show nothing.
        Assert.All(_verdicts, count => Assert.InRange(count, Heads / 100, Heads));
    }

    private void Check(ReadOnlySpan<byte> bytes, Random random, bool everywhere)
    {
        var verdict = Http1Reader.Read(bytes, _request);
        _verdicts[(int)verdict]++;
        if (verdict == Http1Verdict.Complete)
        {
            CheckPlain(bytes);
        }

        for (var cut = everywhere ? 0 : random.Next(bytes.Length); cut < bytes.Length; cut += everywhere ? 1 : random.Next(1, bytes.Length))
        {
            CheckBeginning(bytes[..cut], verdict);
        }

        if (verdict == Http1Verdict.Complete)
        {
            CheckRepetition(bytes, random);
        }
    }

    /// <summary>What was understood is what an independent description of a plain head says, and is found where it stands.</summary>
    private void CheckPlain(ReadOnlySpan<byte> bytes)
    {
        var head = Encoding.Latin1.GetString(bytes[.._request.HeadLength]);
        var plain = PlainHead().Match(head);
        Assert.True(plain.Success, "This head is not plain.");
        Assert.DoesNotMatch(ForeignHeader(), head);
        Assert.Equal(int.Parse(Assert.Single(Lengths().Matches(head)).Groups[1].Value, CultureInfo.InvariantCulture), _request.ContentLength);
        Assert.Equal(Assert.Single(Hosts().Matches(head)).Groups[1].Value, Text(_request[KnownHeader.Host], head));
        Assert.Equal(plain.Groups["server"].Value, Text(_request.UpstreamName, head));
        Assert.Equal(Closing().IsMatch(head), _request.Closes);
    }

    /// <summary>The same connection may send the next head with a fault: it is known again only where reading it anew would say the same.</summary>
    private void CheckRepetition(ReadOnlySpan<byte> bytes, Random random)
    {
        _request.Keep(bytes);
        Assert.True(_request.TryRepeat(bytes));
        var changed = bytes.ToArray();
        changed[random.Next(2) == 0 ? random.Next(_request.HeadLength) : _request[KnownHeader.ContentLength].Start] = (byte)random.Next(256);
        if (_request.TryRepeat(changed))
        {
            Assert.Equal(Http1Verdict.Complete, Http1Reader.Read(changed, _other));
            Assert.Equal((_other.HeadLength, _other.ContentLength), (_request.HeadLength, _request.ContentLength));
        }
    }

    /// <summary>However the bytes arrive, the verdict is the same, and what stands behind the head changes nothing.</summary>
    private void CheckBeginning(ReadOnlySpan<byte> beginning, Http1Verdict whole)
    {
        var early = Http1Reader.Read(beginning, _other);
        var isSettled = whole == Http1Verdict.Complete && beginning.Length >= _request.HeadLength;
        Assert.True(early == Http1Verdict.Incomplete ? !isSettled : early == whole, $"{whole}, but {early} of the first {beginning.Length} bytes.");
        if (early == Http1Verdict.Complete)
        {
            Assert.Equal((_request.HeadLength, _request.ContentLength), (_other.HeadLength, _other.ContentLength));
        }
    }

    private static string Text(ByteRange range, string head) => range.IsPresent ? head.Substring(range.Start, range.Length) : "";

    [GeneratedRegex(@"\APOST /mcp(/(?<server>[A-Za-z0-9_~-][A-Za-z0-9._~-]*))? HTTP/1\.1\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+:[ \t]*([!-~]([ -~]*[!-~])?)?[ \t]*\r\n)+\r\n\z")]
    private static partial Regex PlainHead();

    [GeneratedRegex(@"^(Transfer-Encoding|TE|Trailer|Expect|Upgrade):", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex ForeignHeader();

    [GeneratedRegex(@"^Content-Length:[ \t]*([0-9]+)[ \t]*\r$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Lengths();

    [GeneratedRegex(@"^Host:[ \t]*([A-Za-z0-9.-]+(?::[0-9]+)?)[ \t]*\r$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Hosts();

    [GeneratedRegex(@"^Connection:[ \t]*close[ \t]*\r$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Closing();
}
