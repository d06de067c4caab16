using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary>The options of <c>serve</c>; <c>doctor</c> takes the same ones, to check what would be served.</summary>
internal sealed class ServeArguments
{
    private readonly StoreArguments _store = new();
    private readonly RunArguments _run = new();
    private readonly Option<string[]> _listen = new("--listen") { Description = $"Where to accept connections (repeatable; default: {GatewayOptions.DefaultListen})", HelpName = "URL" };
    private readonly Option<bool> _stateless = new("--stateless") { Description = "Keep no sessions" };
    private readonly Option<bool> _noAuth = new("--no-auth") { Description = "Require no key; only where every listener is on loopback" };
    private readonly Option<bool> _kestrelOnly = new("--kestrel-only") { Description = "Serve every connection by Kestrel, without the lean door for plain HTTP/1.1" };
    private readonly Option<string?> _certificate = new("--tls-certificate") { Description = "PEM file with the certificate chain, for https listeners", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--tls-key") { Description = "PEM file with its key", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        _store.AddTo(command);
        foreach (var option in (Option[])[_listen, _stateless, _noAuth, _kestrelOnly, _certificate, _key])
        {
            command.Add(option);
        }

        _run.AddTo(command);
    }

    public CommandLineOptions Read(ParseResult parsed) => _run.Read(parsed, _store.Read(parsed)) with
    {
        Listen = parsed.GetValue(_listen) ?? [],
        Stateless = parsed.GetValue(_stateless),
        NoAuth = parsed.GetValue(_noAuth),
        KestrelOnly = parsed.GetValue(_kestrelOnly),
        Certificate = parsed.GetValue(_certificate),
        CertificateKey = parsed.GetValue(_key),
    };
}
