namespace NativeGateway.Shared;

/// <summary>A database of one test's own, gone when the test ends.</summary>
public sealed class TempDatabase(string uri, Func<ValueTask> remove) : IAsyncDisposable
{
    /// <summary>As the product's <c>--database</c> takes it.</summary>
    public string Uri { get; } = uri;

    /// <summary>A SQLite file in a directory of its own that does not exist yet.</summary>
    public static TempDatabase Sqlite()
    {
        var directory = new TempDirectory();
        return new TempDatabase($"sqlite:{Path.Combine(directory.Path, "data", "gateway.db")}", () =>
        {
            directory.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    public ValueTask DisposeAsync() => remove();
}
