using System.Data.Common;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>The outbox's statements, which both databases understand alike; each runs inside a transaction that its store has begun.</summary>
/// <param name="lockClaimed">Ends the query for what is due, so that others pass over its rows; empty where there are no others.</param>
internal sealed class OutboxSql(SecretBox secrets, string lockClaimed)
{
    private const string AlertColumns = "a.id, a.organization_id, a.kind, a.at, a.workspace_id, a.subject_id, a.subject, a.reason";
    private const int AlertWidth = 8;

    private const string InsertAlert =
        """
        INSERT INTO alerts (organization_id, kind, at, workspace_id, subject_id, subject, reason)
        VALUES (@organization_id, @kind, @at, @workspace_id, @subject_id, @subject, @reason) RETURNING id
        """;

    private const string Open =
        """
        INSERT INTO open_alerts (server_id, kind, since) VALUES (@subject_id, @kind, @at)
        ON CONFLICT (server_id) DO UPDATE SET kind = excluded.kind, since = excluded.since WHERE open_alerts.kind <> excluded.kind
        """;

    private const string Close = "DELETE FROM open_alerts WHERE server_id = @subject_id";

    private const string Enqueue = "INSERT INTO webhook_deliveries (webhook_id, alert_id, state, created_at, due_at, attempts) SELECT id, @alert_id, 'pending', @at, @at, 0 FROM webhooks";

    private const string EnqueueForAll =
        $"{Enqueue} WHERE organization_id = @organization_id AND NOT disabled AND (events = '' OR ' ' || events || ' ' LIKE @wanted)";

    private const string EnqueueForOne = $"{Enqueue} WHERE id = @webhook_id";

    private const string Expire = "UPDATE webhook_deliveries SET state = 'expired', due_at = NULL WHERE due_at IS NOT NULL AND created_at < @oldest";

    private const string Due =
        $"""
        SELECT {AlertColumns}, d.id, d.attempts, w.id, w.url, w.secret
        FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN alerts a ON a.id = d.alert_id
        WHERE d.due_at <= @now AND NOT w.disabled ORDER BY d.due_at, d.id LIMIT @most
        """;

    private const string Lease = "UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = @until WHERE id = @id";

    private const string Complete = "UPDATE webhook_deliveries SET state = @state, due_at = @next WHERE id = @id AND attempts = @number AND due_at IS NOT NULL";

    private const string InsertAttempt =
        "INSERT INTO webhook_attempts (delivery_id, number, at, duration_ms, status, failure) VALUES (@id, @number, @at, @duration_ms, @status, @failure)";

    private const string NoteSuccess = "UPDATE webhooks SET failing_since = NULL WHERE id = @webhook_id AND failing_since IS NOT NULL";
    private const string NoteFailure = "UPDATE webhooks SET failing_since = COALESCE(failing_since, @at) WHERE id = @webhook_id RETURNING failing_since";

    private readonly WebhookRows _webhooks = new(secrets);

    public static async Task<bool> RaiseAsync(StoreTransaction transaction, Alert alert, CancellationToken cancellationToken)
    {
        Column at = new("at", alert.At.ToUnixTimeMilliseconds()), kind = new("kind", alert.Kind.Label()), subject = new("subject_id", alert.SubjectId);
        var isNews = !alert.Kind.IsOfServer() || (alert.Kind == AlertKind.ServerRecovered
            ? await transaction.ExecuteAsync(Close, [subject], cancellationToken)
            : await transaction.ExecuteAsync(Open, [subject, kind, at], cancellationToken)) > 0;
        if (isNews)
        {
            var id = await InsertAsync(transaction, alert, cancellationToken);
            await transaction.ExecuteAsync(
                EnqueueForAll,
                [new("alert_id", id), at, new("organization_id", alert.OrganizationId), new("wanted", $"% {alert.Kind.Label()} %")],
                cancellationToken);
        }

        return isNews;
    }

    public static async Task RaiseToAsync(StoreTransaction transaction, Guid webhookId, Alert alert, CancellationToken cancellationToken)
    {
        var id = await InsertAsync(transaction, alert, cancellationToken);
        await transaction.ExecuteAsync(
            EnqueueForOne, [new("alert_id", id), new("at", alert.At.ToUnixTimeMilliseconds()), new("webhook_id", webhookId)], cancellationToken);
    }

    public static async Task<IReadOnlyList<StoredAlert>> ListAlertsAsync(
        StoreTransaction transaction, Guid organizationId, long before, int most, CancellationToken cancellationToken) =>
        await transaction.QueryAsync(
            $"SELECT {AlertColumns} FROM alerts a WHERE a.organization_id = @organization_id AND a.id < @before ORDER BY a.id DESC LIMIT @most",
            [new("organization_id", organizationId), new("before", before), new("most", most)],
            ReadAlert,
            cancellationToken);

    public static async Task<IReadOnlyList<Delivery>> ListDeliveriesAsync(
        StoreTransaction transaction, Guid webhookId, long before, int most, CancellationToken cancellationToken)
    {
        const string Page = "webhook_id = @webhook_id AND id < @before ORDER BY id DESC LIMIT @most";
        Column[] page = [new("webhook_id", webhookId), new("before", before), new("most", most)];
        var attempts = new Dictionary<long, List<DeliveryAttempt>>();
        await transaction.QueryAsync(
            $"""
            SELECT delivery_id, number, at, duration_ms, status, failure FROM webhook_attempts
            WHERE delivery_id IN (SELECT id FROM webhook_deliveries WHERE {Page}) ORDER BY delivery_id, number
            """,
            page,
            row =>
            {
                var attempt = ReadAttempt(row);
                if (!attempts.TryGetValue(row.GetInt64(0), out var log))
                {
                    attempts[row.GetInt64(0)] = log = [];
                }

                log.Add(attempt);
                return attempt;
            },
            cancellationToken);
        return await transaction.QueryAsync(
            $"""
            SELECT {AlertColumns}, d.id, d.state, d.created_at, d.attempts, d.due_at
            FROM (SELECT * FROM webhook_deliveries WHERE {Page}) d JOIN alerts a ON a.id = d.alert_id ORDER BY d.id DESC
            """,
            page,
            row => new Delivery(
                row.GetInt64(AlertWidth), ReadAlert(row), DeliveryStates.Read(row.GetString(AlertWidth + 1)), Time(row.GetInt64(AlertWidth + 2)),
                row.GetInt32(AlertWidth + 3), row.IsDBNull(AlertWidth + 4) ? null : Time(row.GetInt64(AlertWidth + 4)),
                attempts.GetValueOrDefault(row.GetInt64(AlertWidth)) ?? []),
            cancellationToken);
    }

    public async Task<IReadOnlyList<DueDelivery>> ClaimAsync(
        StoreTransaction transaction, DateTimeOffset now, TimeSpan lease, TimeSpan patience, int most, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(Expire, [new("oldest", (now - patience).ToUnixTimeMilliseconds())], cancellationToken);
        var due = await transaction.QueryAsync(
            $"{Due} {lockClaimed}",
            [new("now", now.ToUnixTimeMilliseconds()), new("most", most)],
            row => new DueDelivery(
                row.GetInt64(AlertWidth), row.GetGuid(AlertWidth + 2),
                _webhooks.Url(row.GetGuid(AlertWidth + 2), Rows.Bytes(row, AlertWidth + 3)),
                _webhooks.Secret(row.GetGuid(AlertWidth + 2), Rows.Bytes(row, AlertWidth + 4)),
                ReadAlert(row), row.GetInt32(AlertWidth + 1) + 1),
            cancellationToken);
        var until = (now + lease).ToUnixTimeMilliseconds();
        await transaction.ExecuteEachAsync(Lease, due.Select(delivery => new Column[] { new("id", delivery.Id), new("until", until) }), cancellationToken);
        return due;
    }

    public static async Task<DateTimeOffset?> CompleteAsync(
        StoreTransaction transaction, DueDelivery delivery, DeliveryAttempt attempt, DateTimeOffset? next, CancellationToken cancellationToken)
    {
        var state = attempt.Failure is null ? DeliveryState.Delivered : next is null ? DeliveryState.Failed : DeliveryState.Pending;
        Column id = new("id", delivery.Id), number = new("number", attempt.Number), at = new("at", attempt.At.ToUnixTimeMilliseconds());
        var isHolder = await transaction.ExecuteAsync(
            Complete, [id, number, new("state", state.Label()), new("next", next?.ToUnixTimeMilliseconds())], cancellationToken) > 0;
        if (!isHolder)
        {
            return null;
        }

        await transaction.ExecuteAsync(
            InsertAttempt,
            [id, number, at, new("duration_ms", (int)attempt.Duration.TotalMilliseconds), new("status", attempt.Status), new("failure", attempt.Failure)],
            cancellationToken);
        Column webhook = new("webhook_id", delivery.WebhookId);
        if (attempt.Failure is null)
        {
            await transaction.ExecuteAsync(NoteSuccess, [webhook], cancellationToken);
            return null;
        }

        var since = await transaction.QueryAsync(NoteFailure, [webhook, at], row => Time(row.GetInt64(0)), cancellationToken);
        return since.Count == 0 ? null : since[0];
    }

    /// <summary>Deliveries and attempts go with their alert.</summary>
    public static Task RemoveBeforeAsync(StoreTransaction transaction, DateTimeOffset oldest, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync("DELETE FROM alerts WHERE at < @oldest", [new("oldest", oldest.ToUnixTimeMilliseconds())], cancellationToken);

    private static async Task<long> InsertAsync(StoreTransaction transaction, Alert alert, CancellationToken cancellationToken) =>
        (await transaction.QueryAsync(
            InsertAlert,
            [
                new("organization_id", alert.OrganizationId), new("kind", alert.Kind.Label()), new("at", alert.At.ToUnixTimeMilliseconds()),
                new("workspace_id", alert.WorkspaceId), new("subject_id", alert.SubjectId), new("subject", alert.Subject), new("reason", alert.Reason),
            ],
            row => row.GetInt64(0),
            cancellationToken))[0];

    private static StoredAlert ReadAlert(DbDataReader row) => new(
        row.GetInt64(0),
        new Alert(
            row.GetGuid(1), AlertKinds.Find(row.GetString(2)) ?? throw new FormatException("An alert is of an unknown kind."), Time(row.GetInt64(3)),
            row.IsDBNull(4) ? null : row.GetGuid(4), row.GetGuid(5), row.GetString(6), Rows.Text(row, 7)));

    private static DeliveryAttempt ReadAttempt(DbDataReader row) => new(
        row.GetInt32(1), Time(row.GetInt64(2)), TimeSpan.FromMilliseconds(row.GetInt32(3)), row.IsDBNull(4) ? null : row.GetInt32(4), Rows.Text(row, 5));

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
