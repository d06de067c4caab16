using System.CommandLine;
using System.Globalization;
using NativeGateway.Storage;
using NativeGateway.Storage.Backup;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>restore</c>: puts a backup in the place of what a database holds. The whole file is checked first; then it is one change.</summary>
internal static class RestoreCommand
{
    public static Command Build(CliContext context)
    {
        var where = new StoreArguments();
        var file = new Argument<string>("FILE") { Description = "A file that backup wrote" };
        var force = new Option<bool>("--force") { Description = "Replace everything in a database that is not empty" };
        var command = new Command("restore", "Put a backup into an empty database, of either kind") { file, force };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(where.Read(parsed), parsed.GetRequiredValue(file), parsed.GetValue(force), context, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CommandLineOptions where, string path, bool replaces, CliContext context, CancellationToken cancellationToken)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var backup = new BackupReader(file);
            // Before a database is created or migrated.
            var summary = backup.Check();
            return await StoreSession.OpenAsync(
                where,
                context,
                creates: true,
                async (stores, _) =>
                {
                    await stores.Registry.MigrateAsync(cancellationToken);
                    return Tell(await stores.Registry.RestoreAsync(backup, replaces, cancellationToken), replaces, summary, context);
                });
        }
        catch (StoreConfigurationException exception)
        {
            return context.Fail(exception.Message, ExitCode.Configuration);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return context.Fail($"{path} cannot be read: {exception.Message}");
        }
    }

    private static int Tell(StoreConflict conflict, bool replaces, BackupSummary summary, CliContext context)
    {
        if (conflict == StoreConflict.Duplicate && !replaces)
        {
            return context.Fail("the database is not empty; restore into another one, or replace everything in this one with --force");
        }

        if (conflict != StoreConflict.None)
        {
            return context.Fail("the backup contradicts itself; nothing was changed");
        }

        var time = summary.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        context.Out.WriteLine($"Restored {summary.Rows} rows of the backup from {time}. Running gateways take it over by themselves.");
        return ExitCode.Done;
    }
}
