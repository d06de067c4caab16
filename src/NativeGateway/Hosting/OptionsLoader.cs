using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.Hosting.Configuration;

namespace NativeGateway.Hosting;

/// <summary>The options, or every reason why there are none.</summary>
internal sealed record LoadedOptions<T>(T? Options, IReadOnlyList<ConfigFault> Faults, IReadOnlyList<ConfigFault> Warnings)
    where T : class;

/// <summary>Puts the command line over the environment over the file, and checks the result. All faults are told at once.</summary>
internal sealed class OptionsLoader
{
    private readonly CommandLineOptions _arguments;
    private readonly EnvironmentOptions _environment;
    private readonly IReadOnlyDictionary<string, string> _raw;
    private readonly Func<string, string?> _variables;
    private readonly ConfigReading _reading;
    private readonly List<ConfigFault> _fileFaults = [];
    private readonly List<ConfigFault> _fileWarnings = [];
    private readonly ConfigFileState? _file;
    private readonly OptionSources _sources;
    private string _data = DataDirectory.Here;

    private OptionsLoader(CommandLineOptions arguments, IReadOnlyDictionary<string, string> environment, bool withFile)
    {
        _arguments = arguments;
        _environment = new EnvironmentOptions(environment);
        _raw = environment;
        _variables = name => environment.GetValueOrDefault(name);
        _reading = new ConfigReading(_variables);
        _file = withFile ? LoadFile() : null;
        _sources = new OptionSources(_environment, Path.GetFileName(_file?.Path), _reading);
    }

    /// <summary>Everything that <c>serve</c> needs.</summary>
    public static LoadedOptions<GatewayOptions> Load(CommandLineOptions arguments, IReadOnlyDictionary<string, string> environment)
    {
        var loader = new OptionsLoader(arguments, environment, withFile: true);
        loader._environment.WarnAboutUnknown(loader._reading);
        var options = loader.Build();
        return loader.Result(options);
    }

    /// <summary>Everything that <c>stdio</c> needs.</summary>
    public static LoadedOptions<GatewayOptions> LoadStdio(CommandLineOptions arguments, IReadOnlyDictionary<string, string> environment)
    {
        var loader = new OptionsLoader(arguments, environment, withFile: true) { _data = DataDirectory.OfDesktop(environment) };
        loader._environment.WarnAboutUnknown(loader._reading);
        return loader.Result(loader.BuildStdio());
    }

    /// <summary>Everything that <c>stdio --url</c> needs.</summary>
    public static LoadedOptions<BridgeOptions> LoadBridge(string url, CommandLineOptions arguments, IReadOnlyDictionary<string, string> environment)
    {
        var loader = new OptionsLoader(arguments, environment, withFile: false);
        loader._environment.WarnAboutUnknown(loader._reading);
        if (UpstreamRules.Url(url, out var address) is { } problem)
        {
            loader._reading.Fault("--url", problem);
        }

        var key = arguments.ApiKey ?? loader._environment.Text("API_KEY");
        if (key is not null && UpstreamRules.HeaderValue(key) is { } fault)
        {
            loader._reading.Fault("--api-key", fault);
        }

        return loader.Result(new BridgeOptions(address!, key, loader.BuildShutdownTimeout(), loader.BuildLogging()));
    }

    /// <summary>What the verbs need that work on the database. A database given as an option makes the file unnecessary.</summary>
    public static LoadedOptions<VerbOptions> LoadStore(CommandLineOptions arguments, IReadOnlyDictionary<string, string> environment)
    {
        var loader = new OptionsLoader(arguments, environment, withFile: arguments.Database is null || arguments.Config is not null);
        return loader.Result(new VerbOptions(loader.BuildStore(), loader._file?.Registry ?? FileConfig.Empty));
    }

    /// <summary>Reads the file again. Null when it cannot be read; the reason is then a fault.</summary>
    public static ConfigFile? ReadFile(string path, Func<string, string?> variables, List<ConfigFault> faults)
    {
        try
        {
            return ConfigFileReader.Read(File.ReadAllBytes(path), variables);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            var reason = exception is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be read by this user";
            faults.Add(new ConfigFault(path, $"{reason}; check the path and its permissions"));
            return null;
        }
    }

    private LoadedOptions<T> Result<T>(T options)
        where T : class
    {
        ConfigFault[] faults = [.. _fileFaults, .. _reading.Faults];
        return new LoadedOptions<T>(faults.Length == 0 ? options : null, faults, [.. _fileWarnings, .. _reading.Warnings]);
    }

    private ConfigFileState? LoadFile()
    {
        var path = _arguments.Config ?? _environment.Text("CONFIG");
        if (path is null && !File.Exists(GatewayOptions.DefaultConfigFile))
        {
            return null;
        }

        path = Path.GetFullPath(path ?? GatewayOptions.DefaultConfigFile);
        if (ReadFile(path, _variables, _fileFaults) is not { } file)
        {
            return null;
        }

        var name = Path.GetFileName(path);
        _fileFaults.AddRange(file.Faults.Select(fault => fault with { Where = $"{name} {fault.Where}".TrimEnd() }));
        _fileWarnings.AddRange(file.Warnings.Select(warning => warning with { Where = $"{name} {warning.Where}".TrimEnd() }));
        return new ConfigFileState(path, file.Options, file.Registry);
    }

    private GatewayOptions Build()
    {
        var listen = BuildListen();
        var noAuth = _sources.Switch(_arguments.NoAuth, "--no-auth", "NO_AUTH", null, out var noAuthOrigin) && !_arguments.RequireApiAuth;
        var options = new GatewayOptions
        {
            Listen = listen,
            Store = BuildStore(),
            File = _file,
            Tls = BuildTls(listen),
            Stateless = _sources.Switch(_arguments.Stateless, "--stateless", "STATELESS", _file?.Options.Stateless, out _),
            Region = _environment.Text("REGION") ?? _file?.Options.Region,
            RequiresKey = noAuth ? false : _arguments.RequireApiAuth ? true : null,
            KestrelOnly = _sources.Switch(_arguments.KestrelOnly, "--kestrel-only", "KESTREL_ONLY", _file?.Options.KestrelOnly, out _),
            ShutdownTimeout = BuildShutdownTimeout(),
            Logging = BuildLogging(),
            Otlp = OtelVariables.Read(_raw, _reading),
        };
        CheckOpenness(options, noAuthOrigin);
        return options;
    }

    /// <summary>Whoever has started the process may do everything with it, unless they want it otherwise.</summary>
    private GatewayOptions BuildStdio()
    {
        var key = _arguments.ApiKey ?? (_arguments.RequireApiAuth ? _environment.Text("API_KEY") : null);
        if (_arguments.RequireApiAuth && key is null)
        {
            _reading.Fault("--require-api-auth", $"needs a key; add --api-key KEY, or set {EnvironmentOptions.Prefix}API_KEY");
        }

        return new GatewayOptions
        {
            Listen = [],
            Stdio = new StdioOptions(key),
            Store = BuildStore(),
            File = _file,
            RequiresKey = _arguments.RequireApiAuth,
            ShutdownTimeout = BuildShutdownTimeout(),
            Logging = BuildLogging(),
            Otlp = OtelVariables.Read(_raw, _reading),
        };
    }

    private StoreOptions BuildStore()
    {
        var data = _sources.Choose(_arguments.Data, "--data", "DATA", _file?.Options.Data, "$.data")?.Value ?? _data;
        var database = _sources.Choose(_arguments.Database, "--database", "DATABASE", _file?.Options.Database, "$.database");
        if (database is { } given && !given.Value.StartsWith("sqlite:", StringComparison.OrdinalIgnoreCase)
            && !given.Value.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase)
            && !given.Value.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            _reading.Fault(given.Origin, "must be sqlite:PATH or postgres://user:password@host:port/name");
        }

        return new StoreOptions(database?.Value ?? $"sqlite:{Path.Combine(data, "gateway.db")}", data, _environment.Text("ENCRYPTION_KEY"));
    }

    /// <param name="Origin">Where the operator wrote it.</param>
    private sealed record ListenText(string Value, string Origin);

    private List<ListenAddress> BuildListen()
    {
        IEnumerable<ListenText> texts;
        if (_arguments.Listen.Count > 0)
        {
            texts = _arguments.Listen.Select(text => new ListenText(text, "--listen"));
        }
        else if (_environment.Text("LISTEN") is { } variable)
        {
            texts = variable.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(text => new ListenText(text, EnvironmentOptions.Prefix + "LISTEN"));
        }
        else
        {
            texts = _file?.Options.Listen?.Select((text, i) => new ListenText(text, _sources.FileOrigin($"$.listen[{i}]")))
                ?? [new ListenText(GatewayOptions.DefaultListen, "--listen")];
        }

        var addresses = new List<ListenAddress>();
        var any = false;
        foreach (var (text, origin) in texts)
        {
            any = true;
            var address = ListenAddress.Parse(text, out var problem);
            if (address is null)
            {
                _reading.Fault(origin, problem!);
            }
            else if (address.Port != 0 && addresses.Exists(other => other.Port == address.Port && Equals(other.Address, address.Address)))
            {
                _reading.Fault(origin, "listens where an earlier one does already; remove it or change its port");
            }
            else
            {
                addresses.Add(address);
            }
        }

        if (!any)
        {
            _reading.Fault(_sources.FileOrigin("$.listen"), $"must name at least one address, such as \"{GatewayOptions.DefaultListen}\"");
        }

        return addresses;
    }

    private TlsFiles? BuildTls(List<ListenAddress> listen)
    {
        var certificate = _sources.Choose(_arguments.Certificate, "--tls-certificate", "TLS_CERTIFICATE", _file?.Options.Certificate, "$.tls.certificate");
        var key = _sources.Choose(_arguments.CertificateKey, "--tls-key", "TLS_KEY", _file?.Options.CertificateKey, "$.tls.key");
        if (certificate is not null != key is not null)
        {
            _reading.Fault((certificate ?? key)!.Value.Origin, "needs both a certificate and a key; add --tls-certificate or --tls-key (or \"tls\" in the file)");
        }

        foreach (var file in (Sourced?[])[certificate, key])
        {
            if (file is { } given && !File.Exists(given.Value))
            {
                _reading.Fault(given.Origin, "names a file that does not exist or that this user may not see");
            }
        }

        if (certificate is null && key is null && listen.Find(address => address.IsTls) is { } tls)
        {
            _reading.Fault(tls.ToString(), "needs a certificate; add --tls-certificate FILE and --tls-key FILE (PEM), or \"tls\" in the file");
        }

        return certificate is { } chain && key is { } secret ? new TlsFiles(chain.Value, secret.Value) : null;
    }

    private TimeSpan BuildShutdownTimeout()
    {
        if (_sources.Choose(_arguments.ShutdownTimeout, "--shutdown-timeout", "SHUTDOWN_TIMEOUT", null, "") is not { } given)
        {
            return _file?.Options.ShutdownTimeout ?? TimeSpan.FromSeconds(30);
        }

        if (DurationText.Parse(given.Value) is { } timeout && timeout <= TimeSpan.FromHours(1))
        {
            return timeout;
        }

        _reading.Fault(given.Origin, $"must be {DurationText.Form}, at most \"1h\"");
        return default;
    }

    private LogOptions BuildLogging() => LogOptions.Read(
        _sources.Choose(_arguments.LogLevel, "--log-level", "LOG_LEVEL", _file?.Options.LogLevel, "$.logging.level"),
        _sources.Choose(_arguments.LogFormat, "--log-format", "LOG_FORMAT", _file?.Options.LogFormat, "$.logging.format"),
        _reading);

    /// <summary>Without keys, whoever can connect may use everything: only for a listener that nobody else can connect to.</summary>
    private void CheckOpenness(GatewayOptions options, string noAuthOrigin)
    {
        var origin = options.RequiresKey switch
        {
            true => null,
            false => noAuthOrigin,
            null => _file?.Registry.Settings.AuthRequired == false ? _sources.FileOrigin("$.auth.required") : null,
        };
        if (origin is not null && options.Listen.FirstOrDefault(address => !address.IsLoopback) is { } open)
        {
            _reading.Fault(origin, $"switches authentication off, but {open} can be reached from other machines; listen on 127.0.0.1 only, or require keys");
        }
    }
}
