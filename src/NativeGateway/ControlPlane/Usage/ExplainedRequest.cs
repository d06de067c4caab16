using System.Text.Json;
using NativeGateway.ControlPlane.Admin;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Usage;

/// <summary>One request as an explanation shows it, from this process's memory or from the store.</summary>
internal sealed class ExplainedRequest
{
    private readonly UsageFailure _request;
    private readonly string _source;

    public ExplainedRequest(UsageFailure kept) => (_request, _source) = (kept, "store");

    public ExplainedRequest(in UsageEvent recent)
    {
        _source = "memory";
        _request = new UsageFailure(
            0,
            recent.At,
            recent.OrganizationId,
            recent.WorkspaceId,
            recent.KeyId,
            recent.Upstream?.Id ?? Guid.Empty,
            recent.Upstream?.Key ?? "",
            UsageNames.Text(recent.Name),
            recent.Method,
            recent.Outcome,
            recent.Status,
            recent.Code,
            recent.Duration,
            recent.Number.ToString(),
            recent.Path);
    }

    private CallPath Path => _request.Path;

    /// <summary>Members of the object that is open.</summary>
    public void WriteTo(Utf8JsonWriter json, RequestNames names)
    {
        json.WriteTime("at", _request.At);
        json.WriteString("source", _source);
        WriteCaller(json, names);
        json.WriteString("method", Path.Method);
        json.WriteString("serverId", _request.UpstreamId == Guid.Empty ? null : _request.UpstreamId.ToString());
        json.WriteString("server", _request.UpstreamId == Guid.Empty ? null : _request.UpstreamKey);
        json.WriteString("name", NullIfEmpty(_request.Name));
        json.WriteString("outcome", _request.Outcome.Label());
        json.WriteNumber("status", _request.Status);
        json.WriteNumber("code", _request.Code);
        json.WriteString("decidedBy", Path.Stage.Label());
        json.WriteString("reason", Path.Reason?.Label());
        json.WriteString("limitScope", Path.LimitScope);
        json.WriteString("explanation", RequestWords.Of(_request.Outcome, Path));
        json.WriteString("executed", Executed());
        WriteStages(json);
        WriteEndpoint(json);
        WriteTimes(json);
    }

    /// <summary>All null where the caller is not known; names are null when what they named is gone.</summary>
    private void WriteCaller(Utf8JsonWriter json, RequestNames names)
    {
        var isKnown = _request.OrganizationId != Guid.Empty;
        var hasWorkspace = _request.WorkspaceId != Guid.Empty;
        json.WriteString("organizationId", isKnown ? _request.OrganizationId.ToString() : null);
        json.WriteString("organization", isKnown ? names.Organization(_request.OrganizationId) : null);
        json.WriteString("workspaceId", hasWorkspace ? _request.WorkspaceId.ToString() : null);
        json.WriteString("workspace", hasWorkspace ? names.Workspace(_request.WorkspaceId) : null);
        json.WriteString("keyId", NullIfEmpty(_request.KeyId));
        json.WriteString("key", _request.KeyId.Length > 0 ? names.Key(_request.KeyId) : null);
    }

    /// <summary>Whether a server has acted on it.</summary>
    private string Executed() =>
        Path.Reason is null ? _request.UpstreamId == Guid.Empty ? "no" : "yes"
        : Path.Stage < CallStage.Answer || Path.NothingSent ? "no"
        : "unknown";

    private void WriteStages(Utf8JsonWriter json)
    {
        json.WriteStartArray("stages");
        for (var stage = CallStage.Capacity; stage <= CallStage.Answer; stage++)
        {
            json.WriteStartObject();
            json.WriteString("stage", stage.Label());
            json.WriteString("asks", RequestWords.Of(stage));
            json.WriteString("verdict", VerdictOf(stage));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private string VerdictOf(CallStage stage) =>
        stage < Path.Stage ? "passed"
        : stage > Path.Stage ? "not_reached"
        : Path.Reason is null ? "passed"
        : _request.Outcome.IsRefusal() ? "refused"
        : "failed";

    private void WriteEndpoint(Utf8JsonWriter json)
    {
        if (Path.Endpoint < 0)
        {
            json.WriteNull("endpoint");
            return;
        }

        json.WriteStartObject("endpoint");
        json.WriteNumber("endpoint", Path.Endpoint);
        json.WriteString("why", Path.Why.Label());
        json.WriteString("because", RequestWords.Of(Path.Why));
        json.WriteNumber("tries", Path.Tries);
        json.WriteEndObject();
    }

    private void WriteTimes(Utf8JsonWriter json)
    {
        var whole = _request.Duration;
        var upstream = Path.Opening + Path.Waiting + Path.Relaying;
        json.WriteStartObject("timesMs");
        json.WriteNumber("whole", Milliseconds(whole));
        json.WriteNumber("gateway", Milliseconds(whole - Path.Queued - upstream));
        json.WriteNumber("queued", Milliseconds(Path.Queued));
        json.WriteNumber("opening", Milliseconds(Path.Opening));
        json.WriteNumber("waiting", Milliseconds(Path.Waiting));
        json.WriteNumber("relaying", Milliseconds(Path.Relaying));
        json.WriteString("mostIn", RequestWords.Longest(whole, Path).Part);
        json.WriteEndObject();
    }

    private static double Milliseconds(TimeSpan time) => Math.Max(0, Math.Round(time.TotalMilliseconds, 3));

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
