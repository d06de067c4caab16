using Microsoft.Extensions.Logging;
using NativeGateway.Hosting;
using NativeGateway.Shared;
using NativeGateway.Telemetry;

namespace NativeGateway.Tests.Hosting;

public sealed class OptionsLoaderTests : IDisposable
{
    private const string WholeFile =
        """
        {
          "listen": ["http://127.0.0.1:3003"], "database": "sqlite:file.db", "data": "file-data", "stateless": true, "shutdownTimeout": "3s",
          "logging": { "level": "error", "format": "json" }, "tls": { "certificate": "CERT", "key": "CERT" }
        }
        """;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void With_nothing_given_the_defaults_hold()
    {
        var options = Load(new CommandLineOptions()).Options!;

        Assert.Equal("http://127.0.0.1:12006", Assert.Single(options.Listen).ToString());
        Assert.Equal(("sqlite:./data/gateway.db", "./data", null), (options.Store.Database, options.Store.DataDirectory, options.Store.EncryptionKey));
        Assert.Equal((false, null, LogLevel.Information, ConsoleLogFormat.Text), (options.Stateless, options.RequiresKey, options.Logging.Level, options.Logging.Format));
        Assert.Equal(TimeSpan.FromSeconds(30), options.ShutdownTimeout);
        Assert.Null(options.Tls);
        Assert.Null(options.File);
    }

    [Fact]
    public void The_file_beats_the_defaults()
    {
        var options = Load(new CommandLineOptions { Config = WriteFile(WholeFile) }).Options!;

        Assert.Equal("http://127.0.0.1:3003", Assert.Single(options.Listen).ToString());
        Assert.Equal(("sqlite:file.db", "file-data"), (options.Store.Database, options.Store.DataDirectory));
        Assert.Equal((true, LogLevel.Error, ConsoleLogFormat.Json), (options.Stateless, options.Logging.Level, options.Logging.Format));
        Assert.Equal(TimeSpan.FromSeconds(3), options.ShutdownTimeout);
        Assert.EndsWith("cert.pem", options.Tls!.Certificate, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_beats_the_file()
    {
        var other = WriteCertificate("other.pem");
        var options = Load(
            new CommandLineOptions(),
            ("NATIVE_GATEWAY_CONFIG", WriteFile(WholeFile)),
            ("NATIVE_GATEWAY_LISTEN", "http://127.0.0.1:2002, http://127.0.0.1:2003"),
            ("NATIVE_GATEWAY_DATABASE", "postgres://u:p@h/db"),
            ("NATIVE_GATEWAY_DATA", "env-data"),
            ("NATIVE_GATEWAY_STATELESS", "false"),
            ("NATIVE_GATEWAY_NO_AUTH", "1"),
            ("NATIVE_GATEWAY_LOG_LEVEL", "Warning"),
            ("NATIVE_GATEWAY_LOG_FORMAT", "text"),
            ("NATIVE_GATEWAY_SHUTDOWN_TIMEOUT", "2s"),
            ("NATIVE_GATEWAY_TLS_CERTIFICATE", other),
            ("NATIVE_GATEWAY_ENCRYPTION_KEY", "k")).Options!;

        Assert.Equal(["http://127.0.0.1:2002", "http://127.0.0.1:2003"], options.Listen.Select(address => address.ToString()));
        Assert.Equal(("postgres://u:p@h/db", "env-data", "k"), (options.Store.Database, options.Store.DataDirectory, options.Store.EncryptionKey));
        Assert.Equal((false, false, LogLevel.Warning, ConsoleLogFormat.Text), (options.Stateless, options.RequiresKey, options.Logging.Level, options.Logging.Format));
        Assert.Equal(TimeSpan.FromSeconds(2), options.ShutdownTimeout);
        Assert.Equal(other, options.Tls!.Certificate);
        Assert.EndsWith("cert.pem", options.Tls.Key, StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_beats_the_environment()
    {
        var given = WriteCertificate("given.pem");
        var options = Load(
            new CommandLineOptions
            {
                Config = WriteFile(WholeFile),
                Listen = ["http://127.0.0.1:1001"],
                Database = "sqlite:option.db",
                Data = "option-data",
                Stateless = true,
                NoAuth = true,
                LogLevel = "debug",
                LogFormat = "json",
                ShutdownTimeout = "1s",
                Certificate = given,
                CertificateKey = given,
            },
            ("NATIVE_GATEWAY_CONFIG", "/nowhere"),
            ("NATIVE_GATEWAY_LISTEN", "http://127.0.0.1:2002"),
            ("NATIVE_GATEWAY_DATABASE", "sqlite:env.db"),
            ("NATIVE_GATEWAY_DATA", "env-data"),
            ("NATIVE_GATEWAY_STATELESS", "false"),
            ("NATIVE_GATEWAY_NO_AUTH", "false"),
            ("NATIVE_GATEWAY_LOG_LEVEL", "trace"),
            ("NATIVE_GATEWAY_LOG_FORMAT", "text"),
            ("NATIVE_GATEWAY_SHUTDOWN_TIMEOUT", "2s"),
            ("NATIVE_GATEWAY_TLS_KEY", "/nowhere")).Options!;

        Assert.Equal("http://127.0.0.1:1001", Assert.Single(options.Listen).ToString());
        Assert.Equal(("sqlite:option.db", "option-data"), (options.Store.Database, options.Store.DataDirectory));
        Assert.Equal((true, false, LogLevel.Debug, ConsoleLogFormat.Json), (options.Stateless, options.RequiresKey, options.Logging.Level, options.Logging.Format));
        Assert.Equal(TimeSpan.FromSeconds(1), options.ShutdownTimeout);
        Assert.Equal((given, given), (options.Tls!.Certificate, options.Tls.Key));
    }

    [Fact]
    public void An_empty_variable_counts_as_not_set() =>
        Assert.Equal("./data", Load(new CommandLineOptions(), ("NATIVE_GATEWAY_DATA", "")).Options!.Store.DataDirectory);

    [Fact]
    public void The_database_lies_in_the_data_directory_unless_it_is_given() =>
        Assert.Equal("sqlite:/srv/gateway.db", Load(new CommandLineOptions { Data = "/srv" }).Options!.Store.Database);

    [Theory]
    [InlineData("--log-level", "loud", "must be trace")]
    [InlineData("--log-format", "xml", "must be text or json")]
    [InlineData("--shutdown-timeout", "30", "a number with a unit")]
    [InlineData("--shutdown-timeout", "2h", "at most")]
    [InlineData("--listen", "12006", "must be written as")]
    [InlineData("--database", "mysql://h/db", "sqlite:PATH or postgres://")]
    [InlineData("--tls-certificate", "/nowhere", "does not exist")]
    [InlineData("--tls-key", "/nowhere", "needs both")]
    public void A_wrong_option_is_named_wherever_it_comes_from(string option, string value, string advice)
    {
        var arguments = new CommandLineOptions
        {
            LogLevel = option == "--log-level" ? value : null,
            LogFormat = option == "--log-format" ? value : null,
            ShutdownTimeout = option == "--shutdown-timeout" ? value : null,
            Listen = option == "--listen" ? [value] : [],
            Database = option == "--database" ? value : null,
            Certificate = option == "--tls-certificate" ? value : null,
            CertificateKey = option == "--tls-key" ? value : null,
        };
        var variable = "NATIVE_GATEWAY_" + option[2..].ToUpperInvariant().Replace('-', '_');

        Assert.Contains(Load(arguments).Faults, fault => fault.Where == option && fault.Message.Contains(advice, StringComparison.Ordinal));
        Assert.Contains(
            Load(new CommandLineOptions(), (variable, value)).Faults,
            fault => fault.Where == variable && fault.Message.Contains(advice, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "logging": { "level": "loud" } }""", "gateway.json $.logging.level")]
    [InlineData("""{ "logging": { "format": "xml" } }""", "gateway.json $.logging.format")]
    [InlineData("""{ "listen": ["http://127.0.0.1:1", "x"] }""", "gateway.json $.listen[1]")]
    [InlineData("""{ "listen": [] }""", "gateway.json $.listen")]
    [InlineData("""{ "listen": ["http://127.0.0.1:1", "http://127.0.0.1:1"] }""", "gateway.json $.listen[1]")]
    [InlineData("""{ "database": "x" }""", "gateway.json $.database")]
    [InlineData("""{ "tls": { "certificate": "/nowhere", "key": "/nowhere" } }""", "gateway.json $.tls.key")]
    [InlineData("""{ "auth": { "required": false }, "listen": ["http://*:1"] }""", "gateway.json $.auth.required")]
    [InlineData("""{ "mcpServers": { "a": {} } }""", "gateway.json $.mcpServers.a")]
    [InlineData("{", "gateway.json line 1, column 2")]
    public void A_fault_of_the_file_is_named_with_the_file(string json, string where) =>
        Assert.Contains(Load(new CommandLineOptions { Config = WriteFile(json) }).Faults, fault => fault.Where == where);

    [Fact]
    public void Faults_of_all_sources_are_told_together()
    {
        var faults = Load(
            new CommandLineOptions { Config = WriteFile("""{ "lisen": [], "database": "x" }"""), LogLevel = "loud" },
            ("NATIVE_GATEWAY_STATELESS", "perhaps")).Faults;

        Assert.Equal(
            ["--log-level", "NATIVE_GATEWAY_STATELESS", "gateway.json $.database", "gateway.json $.lisen"],
            faults.Select(fault => fault.Where).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_file_that_was_named_but_is_not_there_is_a_fault()
    {
        var fault = Assert.Single(Load(new CommandLineOptions { Config = Path.Combine(_directory.Path, "none.json") }).Faults);

        Assert.Contains("does not exist", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", true)]
    [InlineData("http://localhost:1", true)]
    [InlineData("http://[::1]:1", true)]
    [InlineData("http://0.0.0.0:1", false)]
    [InlineData("http://*:1", false)]
    [InlineData("http://192.168.1.1:1", false)]
    public void Authentication_can_be_off_on_loopback_only(string listen, bool isAllowed)
    {
        var loaded = Load(new CommandLineOptions { NoAuth = true, Listen = ["http://127.0.0.1:2", listen] });

        Assert.Equal(isAllowed, loaded.Options is not null);
        Assert.Equal(isAllowed ? [] : ["--no-auth"], loaded.Faults.Select(fault => fault.Where));
    }

    [Fact]
    public void A_tls_listener_needs_a_certificate()
    {
        var fault = Assert.Single(Load(new CommandLineOptions { Listen = ["https://127.0.0.1:1"] }).Faults);

        Assert.Equal("https://127.0.0.1:1", fault.Where);
        Assert.Contains("--tls-certificate", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistyped_variable_is_told()
    {
        var warning = Assert.Single(Load(new CommandLineOptions(), ("NATIVE_GATEWAY_LISTN", "x"), ("OTHER", "y")).Warnings);

        Assert.Equal("NATIVE_GATEWAY_LISTN", warning.Where);
        Assert.Contains("NATIVE_GATEWAY_LISTEN", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Verbs_on_a_given_database_do_not_need_a_valid_file()
    {
        var broken = WriteFile("{");

        Assert.NotNull(OptionsLoader.LoadStore(new CommandLineOptions { Database = "sqlite:x" }, Environment(("NATIVE_GATEWAY_CONFIG", broken))).Options);
        Assert.Null(OptionsLoader.LoadStore(new CommandLineOptions(), Environment(("NATIVE_GATEWAY_CONFIG", broken))).Options);
    }

    [Fact]
    public void A_desktop_client_needs_no_key_and_finds_its_data_wherever_it_is_started()
    {
        var options = OptionsLoader.LoadStdio(new CommandLineOptions(), Environment(("HOME", "/home/me"), ("NATIVE_GATEWAY_API_KEY", "for others"))).Options!;

        Assert.Equal((false, null, 0), (options.RequiresKey, options.Stdio!.ApiKey, options.Listen.Count));
        Assert.Equal("/home/me/.local/share/native-gateway", options.Store.DataDirectory);
        Assert.Equal("/s/native-gateway", OptionsLoader.LoadStdio(new CommandLineOptions(), Environment(("XDG_DATA_HOME", "/s"))).Options!.Store.DataDirectory);
        Assert.Equal("./data", OptionsLoader.LoadStdio(new CommandLineOptions(), Environment()).Options!.Store.DataDirectory);
        Assert.Equal("mine", OptionsLoader.LoadStdio(new CommandLineOptions { Data = "mine" }, Environment(("HOME", "/h"))).Options!.Store.DataDirectory);
    }

    [Fact]
    public void A_key_that_is_demanded_comes_from_the_option_or_the_environment_and_beats_the_file()
    {
        var required = new CommandLineOptions { RequireApiAuth = true };
        var open = WriteFile("""{ "auth": { "required": false } }""");

        Assert.Equal("k", OptionsLoader.LoadStdio(required, Environment(("NATIVE_GATEWAY_API_KEY", "k"))).Options!.Stdio!.ApiKey);
        Assert.Equal("o", OptionsLoader.LoadStdio(required with { ApiKey = "o" }, Environment(("NATIVE_GATEWAY_API_KEY", "k"))).Options!.Stdio!.ApiKey);
        Assert.Equal("--require-api-auth", Assert.Single(OptionsLoader.LoadStdio(required, Environment()).Faults).Where);
        Assert.Equal(true, Load(required with { Config = open, Listen = ["http://0.0.0.0:1"] }).Options!.RequiresKey);
        Assert.Equal(true, Load(required, ("NATIVE_GATEWAY_NO_AUTH", "1")).Options!.RequiresKey);
    }

    [Fact]
    public void A_bridge_needs_an_address_and_a_key_that_a_header_can_hold()
    {
        var bridge = OptionsLoader.LoadBridge("http://h:1/mcp", new CommandLineOptions(), Environment(("NATIVE_GATEWAY_API_KEY", "s3cret"))).Options!;

        Assert.Equal(("http://h:1/mcp", "s3cret"), (bridge.Url.ToString(), bridge.ApiKey));
        Assert.DoesNotContain("s3cret", bridge.ToString(), StringComparison.Ordinal);
        var faults = OptionsLoader.LoadBridge("ftp://h", new CommandLineOptions { ApiKey = "two\nlines" }, Environment()).Faults;
        Assert.Equal(["--url", "--api-key"], faults.Select(fault => fault.Where));
    }

    [Fact]
    public void Options_never_print_their_secrets()
    {
        var options = Load(new CommandLineOptions { Database = "postgres://u:s3cret@h/db" }, ("NATIVE_GATEWAY_ENCRYPTION_KEY", "s3cret")).Options!;

        Assert.DoesNotContain("s3cret", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", new CommandLineOptions { Database = "s3cret" }.ToString(), StringComparison.Ordinal);
    }

    private static LoadedOptions<GatewayOptions> Load(CommandLineOptions arguments, params (string Name, string Value)[] environment) =>
        OptionsLoader.Load(arguments, Environment(environment));

    private static Dictionary<string, string> Environment(params (string Name, string Value)[] variables) =>
        variables.ToDictionary(variable => variable.Name, variable => variable.Value);

    private string WriteFile(string json)
    {
        var path = Path.Combine(_directory.Path, "gateway.json");
        File.WriteAllText(path, json.Replace("CERT", WriteCertificate("cert.pem"), StringComparison.Ordinal));
        return path;
    }

    private string WriteCertificate(string name)
    {
        var path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, "");
        return path;
    }
}
