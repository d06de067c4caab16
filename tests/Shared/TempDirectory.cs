namespace NativeGateway.Shared;

/// <summary>A directory that is removed with everything in it.</summary>
public sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("native-gateway-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
