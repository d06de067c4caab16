using System.CommandLine;
using NativeGateway.Storage;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>backup</c>: everything in the database, in a file that either kind of database can be restored from. Gateways may run meanwhile.</summary>
internal static class BackupCommand
{
    private const string AboutKey =
        $"The encryption key is not in it. Keep that apart ({EncryptionKey.FileName} in the data directory, or {EncryptionKey.EnvironmentVariable}): "
        + "without it the secrets in the backup are lost.";

    public static Command Build(CliContext context)
    {
        var where = new StoreArguments();
        var file = new Argument<string>("FILE") { Description = "The file to write" };
        var force = new Option<bool>("--force") { Description = "Replace the file if there is one" };
        var command = new Command("backup", "Write everything in the database to a file; gateways may run meanwhile") { file, force };
        where.AddTo(command);
        command.SetAction((parsed, cancellationToken) => StoreSession.OpenAsync(
            where.Read(parsed),
            context,
            creates: false,
            (stores, _) => WriteAsync(stores.Registry, parsed.GetRequiredValue(file), parsed.GetValue(force), context, cancellationToken)));
        return command;
    }

    private static async Task<int> WriteAsync(IRegistryStore store, string path, bool replaces, CliContext context, CancellationToken cancellationToken)
    {
        var taken = $"there is a file {path} already; take another name, or replace it with --force";
        if (!replaces && Path.Exists(path))
        {
            return context.Fail(taken);
        }

        try
        {
            using var draft = new DraftFile(path);
            var summary = await store.BackUpAsync(draft.Content, context.Time.GetUtcNow(), cancellationToken);
            if (!draft.TryPublish(replaces))
            {
                return context.Fail(taken);
            }

            context.Out.WriteLine($"Wrote {path}: {summary.Rows} rows, schema {summary.Schema}.");
            context.Error.WriteLine(AboutKey);
            return ExitCode.Done;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return context.Fail($"{path} cannot be written: {exception.Message}");
        }
    }
}
