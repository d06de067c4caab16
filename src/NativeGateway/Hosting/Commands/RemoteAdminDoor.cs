using System.Net.Http.Headers;
using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary>The API of a running gateway.</summary>
internal sealed class RemoteAdminDoor : IAdminDoor, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;

    public RemoteAdminDoor(Uri gateway, string key)
    {
        // A redirect would carry the key to another host.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = gateway, Timeout = Patience };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public void Dispose() => _http.Dispose();

    public async Task<AdminResult> SendAsync(string method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1" + path);
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        if (body is { } content)
        {
            request.Content = new ReadOnlyMemoryContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            return new AdminResult((int)response.StatusCode, Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)));
        }
        catch (HttpRequestException exception)
        {
            throw new AdminDoorException($"{_http.BaseAddress} cannot be reached: {exception.HttpRequestError}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AdminDoorException($"{_http.BaseAddress} does not answer");
        }
    }

    /// <summary>Undefined for what is no JSON.</summary>
    public static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return JsonElement.TryParseValue(ref reader, out var element) ? element.Value : default;
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
