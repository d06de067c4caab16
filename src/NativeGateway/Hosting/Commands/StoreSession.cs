using NativeGateway.ControlPlane.Registry;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.Hosting.Commands;

/// <summary>The registry, opened for one command, with what the configuration file adds to it.</summary>
internal sealed class StoreSession
{
    private readonly Stores _stores;

    private StoreSession(Stores stores, FileConfig file, TimeProvider time)
    {
        _stores = stores;
        File = file;
        Registry = new RegistryWriter(stores.Registry, new RegistryReader(stores.Registry), time, () => file);
        Writer = new OperatorWriter(Registry, time);
    }

    public IRegistryStore Store => _stores.Registry;

    public IUsageStore Usage => _stores.Usage;

    public IAuditStore Audit => _stores.Audit;

    public OutboxStore Outbox => _stores.Outbox;

    public FileConfig File { get; }

    public RegistryWriter Registry { get; }

    public OperatorWriter Writer { get; }

    /// <summary>Opens, migrates, runs and closes; faults of configuration and database become messages and exit codes.</summary>
    /// <param name="creates">True for verbs that write: a missing database is created, an empty one gets its first organization and key.</param>
    public static Task<int> RunAsync(
        CommandLineOptions arguments,
        CliContext context,
        bool creates,
        Func<StoreSession, Task<int>> run,
        CancellationToken cancellationToken) => OpenAsync(
            arguments,
            context,
            creates,
            async (stores, file) =>
            {
                await stores.Registry.MigrateAsync(cancellationToken);
                var session = new StoreSession(stores, file, context.Time);
                if (creates && await session.Registry.InitializeAsync(cancellationToken) is { } administrator)
                {
                    context.Error.WriteLine("The database was empty: created the organization and the workspace \"default\".");
                    context.Error.WriteLine($"Administrator key, shown this once: {administrator.Text}");
                }

                return await run(session);
            });

    /// <summary>Opens the database as it is, runs and closes; faults of configuration and database become messages and exit codes.</summary>
    /// <param name="creates">False for verbs that make no sense without a database.</param>
    public static async Task<int> OpenAsync(CommandLineOptions arguments, CliContext context, bool creates, Func<Stores, FileConfig, Task<int>> run)
    {
        var loaded = OptionsLoader.LoadStore(arguments, context.Environment);
        if (loaded.Options is not { } options)
        {
            return context.FailConfiguration(loaded.Faults);
        }

        if (!creates && options.Store.SqlitePath is { } path && !System.IO.File.Exists(path))
        {
            return context.Fail($"there is no database {path} yet. Start the gateway once (native-gateway serve), or name the right one with --database or --data.");
        }

        try
        {
            await using var stores = options.Store.Open();
            return await run(stores, options.File);
        }
        catch (StoreConfigurationException exception)
        {
            return context.Fail(exception.Message, ExitCode.Configuration);
        }
        catch (StoreUnavailableException exception)
        {
            return context.Fail(exception.Message);
        }
    }

    /// <summary>Every upstream of the default workspace as the gateway would offer it: the file's hide the database's of the same name.</summary>
    public async Task<IReadOnlyList<UpstreamConfig>> LoadUpstreamsAsync(CancellationToken cancellationToken)
    {
        var registry = await Store.LoadAsync(cancellationToken);
        return [.. File.Upstreams, .. registry.Upstreams.Where(stored => !File.Upstreams.Any(own => own.Key == stored.Key))];
    }
}
