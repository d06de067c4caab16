using System.Buffers;
using System.Text;
using System.Text.Json;
using NativeGateway.Model;

namespace NativeGateway.Storage.Postgres;

/// <summary>
/// Token buckets that replicas share: of each bucket the time at which it is full again, in nanoseconds since 1970 by the server's clock. A call of
/// the store is one round trip that holds its locks no longer than it runs. Faults surface as <see cref="StoreUnavailableException"/>.
/// </summary>
internal sealed class PostgresBucketStore(PostgresDatabase database)
{
    /// <summary>A replica that was not seen for so long is not there.</summary>
    private const string SeenWithin = "3000000000";

    private const string Now = "(extract(epoch FROM statement_timestamp()) * 1000000000)::bigint";

    private const string Claims =
        """
        json_to_recordset(@claims::json)
            AS claim (id uuid, interval bigint, capacity bigint, spent bigint, age bigint, needed bigint, ahead bigint)
        """;

    /// <summary>
    /// Rows are locked in the order of their ids, so that replicas never wait in a circle. What was taken beyond a bucket's capacity is remembered up to
    /// another capacity: more can only come from a limit that was raised meanwhile.
    /// </summary>
    private const string TakeSql =
        $"""
        INSERT INTO limit_buckets (id, full_at) SELECT id, 0 FROM {Claims} ORDER BY id ON CONFLICT (id) DO NOTHING;
        WITH clock AS (SELECT {Now} AS now),
        held AS MATERIALIZED (
            SELECT bucket.id, bucket.full_at, claim.interval, claim.capacity, claim.spent, claim.age, claim.needed, claim.ahead
            FROM limit_buckets bucket JOIN {Claims} ON claim.id = bucket.id
            ORDER BY bucket.id FOR UPDATE OF bucket
        ),
        told AS (
            SELECT held.*, now, greatest(least(greatest(full_at, now - age) + spent * interval, now + 2 * capacity), now) AS until
            FROM held, clock
        ),
        counted AS (SELECT told.*, greatest((now + capacity - until) / interval, 0) AS free FROM told),
        given AS (SELECT counted.*, least(free, greatest(needed, least(needed + ahead, free / 8))) AS tokens FROM counted)
        UPDATE limit_buckets SET full_at = given.until + given.tokens * given.interval FROM given WHERE limit_buckets.id = given.id
        RETURNING limit_buckets.id, given.tokens, limit_buckets.full_at - given.now
        """;

    private const string CountSql =
        $"""
        INSERT INTO replicas (id, seen_at) VALUES (@id, {Now}) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;
        SELECT count(*) FROM replicas WHERE seen_at > {Now} - {SeenWithin}
        """;

    private const string ForgetSql =
        $"""
        DELETE FROM limit_buckets WHERE full_at < {Now} - 60000000000;
        DELETE FROM replicas WHERE seen_at < {Now} - 60000000000
        """;

    /// <summary>Answers to all claims, in no particular order. A claim whose bucket was forgotten at that moment gets none.</summary>
    public Task<List<BucketGrant>> TakeAsync(IReadOnlyList<BucketClaim> claims, CancellationToken cancellationToken) => database.RunOnceAsync(
        TakeSql,
        [new("claims", Write(claims))],
        row => new BucketGrant(row.GetGuid(0), row.GetInt64(1), row.GetInt64(2)),
        cancellationToken);

    /// <summary>Shows that a replica is there; how many there are.</summary>
    public async Task<int> CountAsync(Guid replica, CancellationToken cancellationToken)
    {
        var counts = await database.RunOnceAsync(CountSql, [new("id", replica)], row => row.GetInt64(0), cancellationToken);
        return (int)counts[0];
    }

    public Task LeaveAsync(Guid replica, CancellationToken cancellationToken) =>
        database.RunOnceAsync("DELETE FROM replicas WHERE id = @id", [new("id", replica)], _ => true, cancellationToken);

    /// <summary>Removes what says nothing any more: buckets that have been full for a minute, and replicas that are gone.</summary>
    public Task ForgetAsync(CancellationToken cancellationToken) => database.RunOnceAsync(ForgetSql, [], _ => true, cancellationToken);

    private static string Write(IReadOnlyList<BucketClaim> claims)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartArray();
            foreach (var claim in claims)
            {
                json.WriteStartObject();
                json.WriteString("id", claim.Id);
                json.WriteNumber("interval", claim.Interval);
                json.WriteNumber("capacity", claim.Capacity);
                json.WriteNumber("spent", claim.Spent);
                json.WriteNumber("age", claim.Age);
                json.WriteNumber("needed", claim.Needed);
                json.WriteNumber("ahead", claim.Ahead);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }
}
