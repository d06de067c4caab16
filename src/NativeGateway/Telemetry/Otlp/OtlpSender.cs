using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry.Otlp;

/// <summary>
/// Sends one signal to a collector by OTLP/HTTP in protobuf, again and again where the protocol says that it may help (OTLP 1.x, "OTLP/HTTP Response"
/// and "All Other Responses"): 429, 502, 503, 504 and no answer at all, after the time that the collector asks for or one that grows by chance.
/// </summary>
internal sealed class OtlpSender(OtlpTarget target, HttpMessageInvoker client, TimeProvider time, ILogger logger)
{
    private const int MostAttempts = 5;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private bool _isDown;

    /// <summary>False when it was not taken; that is logged once until something is taken again.</summary>
    /// <param name="attempts">How often it may be tried; one at the end of the process.</param>
    public async Task<bool> TrySendAsync(ReadOnlyMemory<byte> message, int attempts, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (problem, retryAfter) = await TryOnceAsync(message, cancellationToken);
            if (problem is null)
            {
                if (_isDown)
                {
                    _isDown = false;
                    logger.TelemetryExportedAgain(target.Endpoint.Authority);
                }

                return true;
            }

            if (retryAfter is not { } pause || attempt >= Math.Min(attempts, MostAttempts))
            {
                if (!_isDown)
                {
                    _isDown = true;
                    logger.TelemetryNotExported(target.Endpoint.Authority, problem);
                }

                return false;
            }

            var grown = FirstPause * Math.Pow(2, attempt - 1) * (0.5 + Random.Shared.NextDouble());
            var longer = pause > grown ? pause : grown;
            await Task.Delay(longer < LongestPause ? longer : LongestPause, time, cancellationToken);
        }
    }

    /// <returns>Why it was not taken, and the least time after which it may be tried again; null for never.</returns>
    private async Task<(string? Problem, TimeSpan? RetryAfter)> TryOnceAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, target.Endpoint)
        {
            Content = new ReadOnlyMemoryContent(message) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-protobuf") } },
        };
        foreach (var (name, value) in target.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var deadline = new CancellationTokenSource(target.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using var response = await client.SendAsync(request, either.Token);
            if (response.IsSuccessStatusCode)
            {
                return (null, null);
            }

            var isTemporary = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway
                or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
            return ($"it answered HTTP {(int)response.StatusCode}", isTemporary ? response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero : null);
        }
        catch (HttpRequestException fault)
        {
            return (fault.HttpRequestError.ToString(), TimeSpan.Zero);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ($"it did not answer within {target.Timeout.TotalSeconds:0.#} s", TimeSpan.Zero);
        }
    }
}
