using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace NativeGateway.Hosting;

/// <summary>
/// The services that Kestrel's TLS asks for. Its counters are an internal type, so they come by the registration that Kestrel gives to a host;
/// this collects it, and hosts nothing.
/// </summary>
internal sealed class KestrelServices : IWebHostBuilder
{
    private readonly ServiceCollection _services = new();

    private KestrelServices()
    {
    }

    public static ServiceProvider Build(ILoggerFactory loggers)
    {
        var builder = new KestrelServices();
        builder.UseKestrelCore();
        builder._services.AddSingleton(loggers).AddSingleton<IMeterFactory>(_ => new Meters());
        return builder._services.BuildServiceProvider();
    }

    public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
    {
        configureServices(_services);
        return this;
    }

    public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
    {
        configureServices(new WebHostBuilderContext(), _services);
        return this;
    }

    public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

    public IWebHostBuilder UseSetting(string key, string? value) => this;

    public string? GetSetting(string key) => null;

#pragma warning disable ASPDEPR008 // The interface still has it; nobody calls it.
    public IWebHost Build() => throw new NotSupportedException();
#pragma warning restore ASPDEPR008

    /// <summary>Nothing listens to what they count.</summary>
    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
