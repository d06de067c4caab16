using Microsoft.Extensions.Logging;

namespace NativeGateway.Telemetry.Otlp;

/// <summary>
/// Exports traces and metrics in the background until it is stopped, then once more what is left. One attempt after the other per signal; what is
/// bounded is bounded by <see cref="OtlpOptions"/>.
/// </summary>
internal sealed class OtlpExporter(OtlpOptions options, Metrics metrics, Tracer? tracer, TimeProvider time, ILogger<OtlpExporter> logger)
{
    private const int AsOften = int.MaxValue;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    /// <summary>What a collector that is away may cost the end of the process.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(3);

    private readonly long _started = Nanoseconds(time.GetUtcNow());

    public async Task RunAsync(CancellationToken stopping)
    {
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5) });
        await Task.WhenAll(
            options.Traces is { } traces && tracer is not null ? ExportSpansAsync(tracer, new OtlpSender(traces, client, time, logger), stopping) : Task.CompletedTask,
            options.Metrics is { } target ? ExportMetricsAsync(new OtlpSender(target, client, time, logger), stopping) : Task.CompletedTask);
    }

    private async Task ExportMetricsAsync(OtlpSender sender, CancellationToken stopping)
    {
        var writer = new ProtobufWriter();
        while (await WaitAsync(Task.Delay(options.MetricInterval, time, stopping)))
        {
            await TryExportAsync(attempts: AsOften, stopping);
        }

        using var patience = new CancellationTokenSource(LastPatience, time);
        await TryExportAsync(attempts: 1, patience.Token);

        async Task TryExportAsync(int attempts, CancellationToken cancellationToken)
        {
            writer.Clear();
            OtlpResource.Write(writer, options.Resource, scope =>
            {
                var written = new OtlpMetrics(scope, _started, Nanoseconds(time.GetUtcNow()));
                metrics.WriteTo(written);
                written.End();
            });
            await WaitAsync(sender.TrySendAsync(writer.Written, attempts, cancellationToken));
        }
    }

    private async Task ExportSpansAsync(Tracer source, OtlpSender sender, CancellationToken stopping)
    {
        var writer = new ProtobufWriter();
        var batch = new List<SpanRecord>(options.MaxSpansPerBatch);
        while (await WaitAsync(source.Finished.WaitToReadAsync(stopping).AsTask()))
        {
            if (await WaitAsync(FillAsync(stopping)))
            {
                await TryExportAsync(AsOften, stopping);
            }
        }

        using var patience = new CancellationTokenSource(LastPatience, time);
        while (batch.Count > 0 || source.Finished.Count > 0)
        {
            Drain();
            await TryExportAsync(attempts: 1, patience.Token);
        }

        // Looked at now and then, because a wake-up for each span would cost the data plane more than the span.
        async Task FillAsync(CancellationToken cancellationToken)
        {
            var began = time.GetTimestamp();
            for (Drain(); batch.Count < options.MaxSpansPerBatch && time.GetElapsedTime(began) < options.SpanDelay; Drain())
            {
                await Task.Delay(Glance < options.SpanDelay ? Glance : options.SpanDelay, time, cancellationToken);
            }
        }

        void Drain()
        {
            while (batch.Count < options.MaxSpansPerBatch && source.Finished.TryRead(out var span))
            {
                batch.Add(span);
            }
        }

        async Task TryExportAsync(int attempts, CancellationToken cancellationToken)
        {
            writer.Clear();
            OtlpSpans.Write(writer, options.Resource, batch);
            if (!await WaitAsync(sender.TrySendAsync(writer.Written, attempts, cancellationToken)))
            {
                if (stopping.IsCancellationRequested && attempts > 1)
                {
                    // What was interrupted by the end of the process has one more chance.
                    return;
                }

                source.CountDropped(batch.Count);
            }

            batch.Clear();
        }
    }

    /// <summary>False when it was cancelled.</summary>
    private static async Task<bool> WaitAsync(Task task)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (task.IsFaulted)
        {
            await task;
        }

        return !task.IsCanceled;
    }

    private static async Task<bool> WaitAsync(Task<bool> task) => await WaitAsync((Task)task) && await task;

    private static long Nanoseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
