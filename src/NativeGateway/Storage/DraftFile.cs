using System.Runtime.InteropServices;

namespace NativeGateway.Storage;

/// <summary>
/// A file for its owner only that appears under its name when it is complete, or not at all: until then it stands beside it under another name,
/// which disposing removes.
/// </summary>
internal sealed partial class DraftFile : IDisposable
{
    private readonly string _path;
    private readonly string _draft;

    /// <exception cref="IOException"/>
    /// <exception cref="UnauthorizedAccessException"/>
    public DraftFile(string path)
    {
        _path = Path.GetFullPath(path);
        _draft = $"{_path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        Content = new FileStream(_draft, options);
    }

    public FileStream Content { get; }

    /// <summary>Gives the file its name. False when that is taken.</summary>
    /// <param name="replaces">Takes the name from whatever has it.</param>
    public bool TryPublish(bool replaces)
    {
        Content.Flush(flushToDisk: true);
        Content.Dispose();
        if (replaces)
        {
            File.Move(_draft, _path, overwrite: true);
            return true;
        }

        // link(2) fails when the name exists. File.Move would only look first and rename then, which replaces another process's file when both
        // look at once; it is for file systems without links.
        if (Link(_draft, _path) == 0)
        {
            return true;
        }
        if (Path.Exists(_path))
        {
            return false;
        }
        File.Move(_draft, _path, overwrite: false);
        return true;
    }

    public void Dispose()
    {
        Content.Dispose();
        File.Delete(_draft);
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
