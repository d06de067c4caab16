using System.Globalization;
using NativeGateway.ControlPlane.Registry;
using NativeGateway.ControlPlane.Usage;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary>
/// <c>/requests/{id}</c>: explains a request by its <c>X-Request-Id</c>, of the caller's organization, or of any for an administrator of the
/// instance. This process knows its newest ones; what failed, was refused or slow is known to every process for longer.
/// </summary>
/// <param name="recent">Null beside the gateway.</param>
internal sealed class RequestsApi(UsageRecorder? recent, IUsageStore store, RegistryWriter registry)
{
    private const int IdLength = 16;

    public async Task<AdminAnswer> GetAsync(AdminRequest request)
    {
        var id = request.Id;
        if (id.Length != IdLength || !id.All(char.IsAsciiHexDigitLower))
        {
            return AdminAnswer.Of(Problem.Malformed($"An X-Request-Id has {IdLength} hexadecimal digits in lower case."));
        }

        var log = recent?.Gathered;
        var explained = new List<ExplainedRequest>();
        foreach (var one in log?.Find(id) ?? [])
        {
            if (request.Sees(one.OrganizationId))
            {
                explained.Add(new ExplainedRequest(one));
            }
        }

        if (explained.Count == 0)
        {
            var kept = await store.FindRequestAsync(request.IsInstanceAdministrator ? null : request.Caller.OrganizationId, id, request.ClientGone);
            explained.AddRange(kept.Select(one => new ExplainedRequest(one)));
        }

        if (explained.Count == 0)
        {
            return AdminAnswer.Of(new Refusal(RefusalKind.NotFound, WhyUnknown(id, log)));
        }

        var names = new RequestNames(await registry.LoadAsync(request.ClientGone), registry.File);
        return AdminAnswer.Of(json =>
        {
            json.WriteString("requestId", id);
            json.WriteItems(explained, (writer, one) => one.WriteTo(writer, names));
        });
    }

    /// <summary>The same for a request that never was and for one of another tenant.</summary>
    private static string WhyUnknown(string id, RequestLog? log)
    {
        const string Kept = "only requests that failed, were refused or took 2 s and longer are kept, written a few seconds later and for usage.retention.failures";
        return log is null ? $"nothing is kept of that request; beside a running gateway {Kept}"
            : !RequestNumber.IsOfThisProcess(id) ? $"it was no request of this process; of other replicas, and of before a restart, {Kept}"
            : log.Since is { } since ? string.Create(CultureInfo.InvariantCulture, $"this process remembers its requests since {since:yyyy-MM-dd'T'HH:mm:ss'Z'}; of earlier ones {Kept}")
            : "this process has finished no request of that id; it may still be under way";
    }
}
