namespace NativeGateway.Shared;

/// <summary>
/// The published ways of writing a URL that leads into a private network past a careless check (collected from the cheat sheets of OWASP,
/// PayloadsAllTheThings, HackTricks and bug reports). All of them are refused where a server or a webhook is registered over the API; names
/// that only the name service knows to be private are not among them.
/// </summary>
internal static class SsrfForms
{
    public static IEnumerable<string> Urls =>
        Loopback.Concat(Carried).Concat(Private).Concat(Metadata).Concat(Names).Concat(Unicode).Concat(Credentials).Concat(Parsers).Concat(Schemes).Concat(Ports);

    private static string[] Loopback =>
    [
        "http://127.0.0.1/", "http://127.0.0.1:80/", "http://127.0.0.1:443/", "http://127.0.0.1:8080/mcp", "http://127.127.127.127/", "http://127.0.0.1./",
        "http://127.1/", "http://127.0.1/", "http://0/", "http://0.0.0.0/", "http://0.0.0.0:8080/", "http://0.1.2.3/", "http://2130706433/",
        "http://017700000001/", "http://0177.0.0.1/", "http://0177.1/", "http://0177.0x0.0.1/", "http://0x7f000001/", "http://0x7f.1/", "http://0X7F.0x0.0x0.0x1/",
        "http://127.0.0.0x1/", "http://127.0x000001/", "http://00000177.0.0.1/", "http://4294967297/", "http://383.0.0.1/", "http://127.0.0.1.0/",
        "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[0000::1]:8080/", "http://[::1%25lo]/",
    ];

    /// <summary>IPv6 addresses that carry an IPv4 address: mapped, compatible, translated, NAT64, 6to4, Teredo.</summary>
    private static string[] Carried =>
    [
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[::7f00:1]/",
        "http://[::ffff:0:127.0.0.1]/", "http://[::ffff:0:7f00:1]/", "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::7f00:1]/",
        "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/", "http://[2001:0:53aa:64c::80ff:fffe]/", "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[::169.254.169.254]/", "http://[::ffff:8.8.8.8]/",
    ];

    private static string[] Private =>
    [
        "http://10.0.0.1/", "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://192.168.257/", "http://10.1/",
        "http://100.64.0.1/", "http://100.127.255.254/", "http://192.0.0.1/", "http://192.0.2.1/", "http://198.18.0.1/", "http://198.51.100.1/", "http://203.0.113.1/",
        "http://224.0.0.1/", "http://239.255.255.250/", "http://240.0.0.1/", "http://255.255.255.255/", "http://4294967295/", "http://192.88.99.1/",
        "http://[fc00::1]/", "http://[fd12:3456:789a::1]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%251]/", "http://[fec0::1]/",
        "http://[ff02::1]/", "http://[100::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[4000::1]/",
    ];

    private static string[] Metadata =>
    [
        "http://169.254.169.254/latest/meta-data/", "http://169.254.169.254:80/", "http://169.254.170.2/v2/credentials", "http://2852039166/", "http://0xa9fea9fe/",
        "http://0xA9.0xFE.0xA9.0xFE/", "http://0251.0376.0251.0376/", "http://0251.254.169.254/", "http://169.254.43518/", "http://169.16689662/",
        "http://025177524776/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/", "http://[fd00:ec2::254]/", "http://[fd20:ce::254]/",
        "http://metadata/", "http://metadata.google.internal/computeMetadata/v1/", "http://METADATA.GOOGLE.INTERNAL./", "http://instance-data/",
        "http://instance-data.ec2.internal/", "http://metadata.tencentyun.internal/",
    ];

    private static string[] Names =>
    [
        "http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://localhost:8080/", "http://localhost.localdomain/", "http://a.localhost/",
        "http://ip6-localhost/", "http://host.docker.internal/", "http://kubernetes.default.svc/", "http://kubernetes.default.svc.cluster.local/", "http://db/",
        "http://router.lan/", "http://printer.local/", "http://nas.home.arpa/", "http://wiki.corp/", "http://wiki.intranet/", "http://vault.service.consul/",
    ];

    /// <summary>Characters that Unicode takes for digits, letters and dots, or that vanish in names.</summary>
    private static string[] Unicode =>
    [
        "http://１２７.０.０.１/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://127．0．0．1/", "http://１６９.２５４.１６９.２５４/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "http://ｌｏｃａｌｈｏｓｔ/", "http://local\u00adhost/", "http://localhost\u3002/", "http://𝟏𝟐𝟕.𝟎.𝟎.𝟏/", "http://0\u200b.0.0.0/", "http://[::１]/", "http://٠.٠.٠.٠/",
    ];

    private static string[] Credentials =>
    [
        "https://user:password@example.com/", "https://user@example.com/", "https://@example.com/", "https://:@example.com/", "http://example.com@127.0.0.1/",
        "http://127.0.0.1@example.com/", "http://example.com:80@127.0.0.1/", "http://example.com:80@127.0.0.1:8080/", "http://127.0.0.1:80@example.com/",
        "http://example.com%40127.0.0.1/", "http://a@b@127.0.0.1/", "http://example.com&@127.0.0.1#@example.org/",
    ];

    /// <summary>What one parser reads as one host, and another one as another.</summary>
    private static string[] Parsers =>
    [
        "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\@example.com/", "http:\\\\127.0.0.1\\", "http://127.0.0.1\\.example.com/", "http:/127.0.0.1/",
        "http:127.0.0.1/", "http:///127.0.0.1/", "http:////127.0.0.1/", "http://example.com#@127.0.0.1/", "http://127.0.0.1#@example.com/", " http://example.com/",
        "http://example.com/ ", "http://exam\tple.com/", "http://example.com\r\nHost: 127.0.0.1/", "http://example.com/\n", "http://\0example.com/",
        "http://127.0.0.1%2f@example.com/", "http://example.com%00.127.0.0.1/", "http://example.com%0d%0a/", "http://%31%32%37.0.0.1/", "http://127%2e0%2e0%2e1/",
        "http://[example.com]/", "http://[127.0.0.1]/", "http://example.com:80:8080/", "http://127.0.0.1:80:8080/", "http://.127.0.0.1/", "http://example..com:x/",
        "http://?@127.0.0.1/", "http://#127.0.0.1/", "http://[::1]@example.com/", "http://",
    ];

    private static string[] Schemes =>
    [
        "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stats", "ftp://example.com/", "tftp://example.com/", "ldap://example.com/",
        "jar:http://127.0.0.1!/", "netdoc:///etc/passwd", "data:text/plain,x", "javascript:alert(1)", "unix:///var/run/docker.sock", "ws://example.com/",
        "//127.0.0.1/", "127.0.0.1", "example.com/mcp", "/mcp", "",
    ];

    private static IEnumerable<string> Ports => ((int[])
        [
            0, 1, 7, 21, 22, 23, 25, 53, 79, 110, 111, 135, 139, 143, 389, 445, 465, 514, 587, 636, 873, 993, 995, 1433, 1521, 2049, 2375, 2379, 3306, 3389, 5432, 5900,
            5984, 6379, 6443, 8500, 9200, 10250, 11211, 27017, 65536, 99999,
        ]).Select(port => $"https://example.com:{port}/");
}
