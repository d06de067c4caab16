namespace NativeGateway.Storage.Backup;

/// <summary>Puts a backup in the place of everything that a database holds.</summary>
internal static class BackupRestore
{
    /// <summary>
    /// Comes after the revision was raised, which keeps others out. A table that the backup does not know is emptied, a column that it does not
    /// know gets its default. Afterwards the revision is higher than either was, so that every gateway notices.
    /// </summary>
    /// <param name="replaces">Otherwise a database with organizations is <see cref="StoreConflict.Duplicate"/>.</param>
    public static async Task<StoreConflict> RunAsync(StoreTransaction transaction, BackupReader backup, bool replaces, CancellationToken cancellationToken)
    {
        if (!replaces && await transaction.ScalarAsync("SELECT 1 FROM organizations LIMIT 1", cancellationToken) is not null)
        {
            return StoreConflict.Duplicate;
        }

        var before = await RegistrySql.GetRevisionAsync(transaction, cancellationToken);
        foreach (var table in StoredTables.All.Reverse().Where(table => !table.IsSingle))
        {
            await transaction.ExecuteAsync($"DELETE FROM {table.Name}", [], cancellationToken);
        }
        foreach (var (table, values) in backup.Read())
        {
            await transaction.ExecuteAsync(table.IsSingle ? Update(table, values) : RegistrySql.Insert(table.Name, values), values, cancellationToken);
        }
        var restored = await RegistrySql.GetRevisionAsync(transaction, cancellationToken);
        await transaction.ExecuteAsync("UPDATE registry_state SET revision = @revision", [new("revision", Math.Max(before, restored + 1))], cancellationToken);
        return StoreConflict.None;
    }

    private static string Update(StoredTable table, Column[] values) =>
        $"UPDATE {table.Name} SET {string.Join(", ", Array.ConvertAll(values, column => $"{column.Name} = @{column.Name}"))}";
}
