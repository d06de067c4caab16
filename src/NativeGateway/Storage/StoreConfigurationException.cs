namespace NativeGateway.Storage;

/// <summary>
/// The operator has to act before the store can be used: a malformed address, a wrong or unsafe encryption key, a schema of another version.
/// The message says what to do and names no secret. Retrying does not help, unlike with <see cref="StoreUnavailableException"/>.
/// </summary>
internal sealed class StoreConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
