using System.Globalization;
using Npgsql;

namespace NativeGateway.Storage.Postgres;

/// <summary>
/// Reads <c>postgres://user:password@host:port/name?sslmode=…</c>. No fault repeats any part of the text: where the parts are cut wrongly
/// because a password was not encoded, any part can be a piece of the password.
/// </summary>
internal static class PostgresUri
{
    public static NpgsqlConnectionStringBuilder Parse(string uri)
    {
        var rest = uri.AsSpan()[(uri.IndexOf("://", StringComparison.Ordinal) + 3)..];
        var query = Cut(ref rest, rest.IndexOf('?'));
        var name = Decode(Cut(ref rest, rest.IndexOf('/')));
        // The last '@': a password with an unencoded '@' is understood as people mean it.
        var at = rest.LastIndexOf('@');
        var user = at < 0 ? default : rest[..at];
        var host = at < 0 ? rest : rest[(at + 1)..];
        var password = Cut(ref user, user.IndexOf(':'));
        // An IPv6 address stands in brackets and holds colons.
        var port = Cut(ref host, host.LastIndexOf(':') is var colon && colon > host.LastIndexOf(']') ? colon : -1);

        var address = new NpgsqlConnectionStringBuilder
        {
            Host = host.IsEmpty ? throw Malformed("it names no host") : Decode(host.Trim("[]")),
            Port = port.IsEmpty ? 5432 : Port(port),
            Database = name.Length == 0 || name.Contains('/', StringComparison.Ordinal) ? throw Malformed("it names no database") : name,
        };
        if (!user.IsEmpty)
        {
            address.Username = Decode(user);
        }
        if (!password.IsEmpty)
        {
            address.Password = Decode(password);
        }
        Apply(address, query);
        return address;
    }

    private static void Apply(NpgsqlConnectionStringBuilder address, ReadOnlySpan<char> query)
    {
        foreach (var range in query.Split('&'))
        {
            var value = query[range];
            if (value.IsEmpty)
            {
                continue;
            }
            var name = value;
            value = Cut(ref name, name.IndexOf('='));
            switch (name)
            {
                case "sslmode":
                    address.SslMode = value switch
                    {
                        "disable" => SslMode.Disable,
                        "allow" => SslMode.Allow,
                        "prefer" => SslMode.Prefer,
                        "require" => SslMode.Require,
                        "verify-ca" => SslMode.VerifyCA,
                        "verify-full" => SslMode.VerifyFull,
                        _ => throw Malformed("sslmode is one of disable, allow, prefer, require, verify-ca, verify-full"),
                    };
                    break;
                case "sslrootcert":
                    address.RootCertificate = Decode(value);
                    break;
                case "application_name":
                    address.ApplicationName = Decode(value);
                    break;
                default:
                    throw Malformed("after '?' only sslmode, sslrootcert and application_name are known");
            }
        }
    }

    private static int Port(ReadOnlySpan<char> text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
            ? port
            : throw Malformed("the port is not a number from 1 to 65535");

    /// <summary>Leaves what stands before <paramref name="index"/> and returns what comes after it; nothing when it is negative.</summary>
    private static ReadOnlySpan<char> Cut(scoped ref ReadOnlySpan<char> text, int index)
    {
        if (index < 0)
        {
            return default;
        }
        var after = text[(index + 1)..];
        text = text[..index];
        return after;
    }

    private static string Decode(ReadOnlySpan<char> text) => Uri.UnescapeDataString(text);

    private static StoreConfigurationException Malformed(string fault) => new(
        $"The database address is malformed: {fault}. Write postgres://user:password@host:port/name, "
        + "with characters such as / ? # @ : in the password percent-encoded (%2F %3F %23 %40 %3A).");
}
