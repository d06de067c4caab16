using Npgsql;

namespace NativeGateway.Storage.Postgres;

/// <summary>Puts a batch into the staging table by COPY in the binary format: one round trip, however many rows.</summary>
internal static class UsageCopy
{
    private static readonly string Begin = $"COPY {UsageSql.Staging} ({UsageSql.StagingColumns}) FROM STDIN (FORMAT BINARY)";

    public static async Task StageAsync(StoreTransaction transaction, UsageBatch batch, CancellationToken cancellationToken)
    {
        var connection = (NpgsqlConnection)transaction.Connection;
        await using var copy = await connection.BeginBinaryImportAsync(Begin, cancellationToken);
        foreach (var row in batch.Rows)
        {
            await copy.StartRowAsync(cancellationToken);
            foreach (var column in UsageRows.StagingRow(batch.Writer, row))
            {
                await (column.Value switch
                {
                    Guid id => copy.WriteAsync(id, cancellationToken),
                    long number => copy.WriteAsync(number, cancellationToken),
                    _ => copy.WriteAsync((string)column.Value!, cancellationToken),
                });
            }
        }

        await copy.CompleteAsync(cancellationToken);
    }
}
