using System.CommandLine;

namespace NativeGateway.Hosting.Commands;

/// <summary><c>migrate</c>: brings the database's schema up to date, for those who do not let <c>serve</c> do it.</summary>
internal static class MigrateCommand
{
    public static Command Build(CliContext context)
    {
        var store = new StoreArguments();
        var command = new Command("migrate", "Bring the database's schema up to date (serve does so by itself)");
        store.AddTo(command);
        command.SetAction((parsed, cancellationToken) => StoreSession.RunAsync(
            store.Read(parsed),
            context,
            creates: true,
            async session =>
            {
                // The session has migrated already when it gets here.
                var revision = await session.Store.GetRevisionAsync(cancellationToken);
                context.Out.WriteLine($"The schema is up to date; the registry is at revision {revision}.");
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }
}
