using System.Data.Common;

namespace NativeGateway.Storage;

/// <summary>One open transaction, in the words that both databases share. <c>SqliteDatabase</c> or <c>PostgresDatabase</c> begins and ends it.</summary>
internal sealed class StoreTransaction(DbTransaction transaction)
{
    /// <summary>Runs one or more statements; the answer is the number of rows that changed.</summary>
    public async Task<int> ExecuteAsync(string sql, IReadOnlyList<Column> values, CancellationToken cancellationToken)
    {
        await using var command = Prepare(sql, values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Runs one statement for each row; SQLite compiles it once. All rows name the same columns.</summary>
    public async Task ExecuteEachAsync(string sql, IEnumerable<Column[]> rows, CancellationToken cancellationToken)
    {
        DbCommand? command = null;
        try
        {
            foreach (var row in rows)
            {
                if (command is null)
                {
                    command = Prepare(sql, row);
                }
                else
                {
                    for (var i = 0; i < row.Length; i++)
                    {
                        command.Parameters[i].Value = row[i].Value ?? DBNull.Value;
                    }
                }

                await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }
        finally
        {
            await (command?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    /// <summary>For migrations: no parameters, and as long as it takes.</summary>
    public async Task ExecuteScriptAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = Prepare(sql, []);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The first column of the first row; null when there is no row or no value.</summary>
    public async Task<object?> ScalarAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = Prepare(sql, []);
        return await command.ExecuteScalarAsync(cancellationToken) is { } value and not DBNull ? value : null;
    }

    /// <summary>Row by row, for what may be too much to hold; as long as it takes.</summary>
    public async Task VisitAsync(string sql, IReadOnlyList<Column> values, Action<DbDataReader> visit, CancellationToken cancellationToken)
    {
        await using var command = Prepare(sql, values);
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            visit(reader);
        }
    }

    public Task<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken) =>
        QueryAsync(sql, [], read, cancellationToken);

    public async Task<List<T>> QueryAsync<T>(string sql, IReadOnlyList<Column> values, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = Prepare(sql, values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }
        return rows;
    }

    /// <summary>For what only one kind of database can do.</summary>
    public DbConnection Connection => transaction.Connection!;

    private DbCommand Prepare(string sql, IReadOnlyList<Column> values)
    {
        var command = Connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        foreach (var value in values)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = value.Name;
            parameter.Value = value.Value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}

/// <summary>A column's name, which is its parameter's name too, and its value.</summary>
internal readonly record struct Column(string Name, object? Value);
