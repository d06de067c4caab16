using System.Text;
using NativeGateway.DataPlane.Policy;

namespace NativeGateway.ControlPlane.Users;

/// <summary>Makes new Argon2id hashes, of keys and of passwords: on pool threads, a few at once. More would only slow each other down.</summary>
internal sealed class SecretHashing : IDisposable
{
    private readonly SemaphoreSlim _places = new(Math.Max(1, Environment.ProcessorCount / 2));

    public void Dispose() => _places.Dispose();

    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        RunAsync(() => Argon2id.Hash(Encoding.UTF8.GetBytes(password)), cancellationToken);

    /// <param name="make">Hashes, among other things.</param>
    public async Task<T> RunAsync<T>(Func<T> make, CancellationToken cancellationToken)
        where T : class
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(make, CancellationToken.None);
        }
        finally
        {
            _places.Release();
        }
    }
}
