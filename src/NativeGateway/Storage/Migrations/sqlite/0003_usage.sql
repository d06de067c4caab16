-- Usage: sums of what was called, by interval. Times are seconds since 1970, the start of the interval; days are days of UTC. Nothing here holds
-- content: name is a tool's or prompt's as its server lists it, latency_0 … latency_29 are counts of calls by duration. Ids of upstreams and
-- workspaces are all zeros for none, because they are part of the key. No reference to other tables: usage outlives what it is of.

CREATE TABLE usage_minutes (
    organization_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    upstream_key TEXT NOT NULL,
    calls INTEGER NOT NULL, tool_errors INTEGER NOT NULL, server_errors INTEGER NOT NULL, unavailable INTEGER NOT NULL,
    timeouts INTEGER NOT NULL, unanswered INTEGER NOT NULL, internal_errors INTEGER NOT NULL, forbidden INTEGER NOT NULL,
    limited INTEGER NOT NULL, invalid INTEGER NOT NULL, saturated INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    duration_us INTEGER NOT NULL, upstream_us INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    latency_0 INTEGER NOT NULL, latency_1 INTEGER NOT NULL, latency_2 INTEGER NOT NULL, latency_3 INTEGER NOT NULL, latency_4 INTEGER NOT NULL,
    latency_5 INTEGER NOT NULL, latency_6 INTEGER NOT NULL, latency_7 INTEGER NOT NULL, latency_8 INTEGER NOT NULL, latency_9 INTEGER NOT NULL,
    latency_10 INTEGER NOT NULL, latency_11 INTEGER NOT NULL, latency_12 INTEGER NOT NULL, latency_13 INTEGER NOT NULL, latency_14 INTEGER NOT NULL,
    latency_15 INTEGER NOT NULL, latency_16 INTEGER NOT NULL, latency_17 INTEGER NOT NULL, latency_18 INTEGER NOT NULL, latency_19 INTEGER NOT NULL,
    latency_20 INTEGER NOT NULL, latency_21 INTEGER NOT NULL, latency_22 INTEGER NOT NULL, latency_23 INTEGER NOT NULL, latency_24 INTEGER NOT NULL,
    latency_25 INTEGER NOT NULL, latency_26 INTEGER NOT NULL, latency_27 INTEGER NOT NULL, latency_28 INTEGER NOT NULL, latency_29 INTEGER NOT NULL,
    PRIMARY KEY (organization_id, at, workspace_id, key_id, upstream_id, name, method)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_minutes_at ON usage_minutes (at);

CREATE TABLE usage_hours (
    organization_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    upstream_key TEXT NOT NULL,
    calls INTEGER NOT NULL, tool_errors INTEGER NOT NULL, server_errors INTEGER NOT NULL, unavailable INTEGER NOT NULL,
    timeouts INTEGER NOT NULL, unanswered INTEGER NOT NULL, internal_errors INTEGER NOT NULL, forbidden INTEGER NOT NULL,
    limited INTEGER NOT NULL, invalid INTEGER NOT NULL, saturated INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    duration_us INTEGER NOT NULL, upstream_us INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    latency_0 INTEGER NOT NULL, latency_1 INTEGER NOT NULL, latency_2 INTEGER NOT NULL, latency_3 INTEGER NOT NULL, latency_4 INTEGER NOT NULL,
    latency_5 INTEGER NOT NULL, latency_6 INTEGER NOT NULL, latency_7 INTEGER NOT NULL, latency_8 INTEGER NOT NULL, latency_9 INTEGER NOT NULL,
    latency_10 INTEGER NOT NULL, latency_11 INTEGER NOT NULL, latency_12 INTEGER NOT NULL, latency_13 INTEGER NOT NULL, latency_14 INTEGER NOT NULL,
    latency_15 INTEGER NOT NULL, latency_16 INTEGER NOT NULL, latency_17 INTEGER NOT NULL, latency_18 INTEGER NOT NULL, latency_19 INTEGER NOT NULL,
    latency_20 INTEGER NOT NULL, latency_21 INTEGER NOT NULL, latency_22 INTEGER NOT NULL, latency_23 INTEGER NOT NULL, latency_24 INTEGER NOT NULL,
    latency_25 INTEGER NOT NULL, latency_26 INTEGER NOT NULL, latency_27 INTEGER NOT NULL, latency_28 INTEGER NOT NULL, latency_29 INTEGER NOT NULL,
    PRIMARY KEY (organization_id, at, workspace_id, key_id, upstream_id, name, method)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_hours_at ON usage_hours (at);

CREATE TABLE usage_days (
    organization_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    upstream_key TEXT NOT NULL,
    calls INTEGER NOT NULL, tool_errors INTEGER NOT NULL, server_errors INTEGER NOT NULL, unavailable INTEGER NOT NULL,
    timeouts INTEGER NOT NULL, unanswered INTEGER NOT NULL, internal_errors INTEGER NOT NULL, forbidden INTEGER NOT NULL,
    limited INTEGER NOT NULL, invalid INTEGER NOT NULL, saturated INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    duration_us INTEGER NOT NULL, upstream_us INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    latency_0 INTEGER NOT NULL, latency_1 INTEGER NOT NULL, latency_2 INTEGER NOT NULL, latency_3 INTEGER NOT NULL, latency_4 INTEGER NOT NULL,
    latency_5 INTEGER NOT NULL, latency_6 INTEGER NOT NULL, latency_7 INTEGER NOT NULL, latency_8 INTEGER NOT NULL, latency_9 INTEGER NOT NULL,
    latency_10 INTEGER NOT NULL, latency_11 INTEGER NOT NULL, latency_12 INTEGER NOT NULL, latency_13 INTEGER NOT NULL, latency_14 INTEGER NOT NULL,
    latency_15 INTEGER NOT NULL, latency_16 INTEGER NOT NULL, latency_17 INTEGER NOT NULL, latency_18 INTEGER NOT NULL, latency_19 INTEGER NOT NULL,
    latency_20 INTEGER NOT NULL, latency_21 INTEGER NOT NULL, latency_22 INTEGER NOT NULL, latency_23 INTEGER NOT NULL, latency_24 INTEGER NOT NULL,
    latency_25 INTEGER NOT NULL, latency_26 INTEGER NOT NULL, latency_27 INTEGER NOT NULL, latency_28 INTEGER NOT NULL, latency_29 INTEGER NOT NULL,
    PRIMARY KEY (organization_id, at, workspace_id, key_id, upstream_id, name, method)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_days_at ON usage_days (at);

-- Where a batch is put before it is added to the sums, within one transaction; empty between them.
CREATE TABLE usage_staging (
    writer TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    upstream_key TEXT NOT NULL,
    calls INTEGER NOT NULL, tool_errors INTEGER NOT NULL, server_errors INTEGER NOT NULL, unavailable INTEGER NOT NULL,
    timeouts INTEGER NOT NULL, unanswered INTEGER NOT NULL, internal_errors INTEGER NOT NULL, forbidden INTEGER NOT NULL,
    limited INTEGER NOT NULL, invalid INTEGER NOT NULL, saturated INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    duration_us INTEGER NOT NULL, upstream_us INTEGER NOT NULL, bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    latency_0 INTEGER NOT NULL, latency_1 INTEGER NOT NULL, latency_2 INTEGER NOT NULL, latency_3 INTEGER NOT NULL, latency_4 INTEGER NOT NULL,
    latency_5 INTEGER NOT NULL, latency_6 INTEGER NOT NULL, latency_7 INTEGER NOT NULL, latency_8 INTEGER NOT NULL, latency_9 INTEGER NOT NULL,
    latency_10 INTEGER NOT NULL, latency_11 INTEGER NOT NULL, latency_12 INTEGER NOT NULL, latency_13 INTEGER NOT NULL, latency_14 INTEGER NOT NULL,
    latency_15 INTEGER NOT NULL, latency_16 INTEGER NOT NULL, latency_17 INTEGER NOT NULL, latency_18 INTEGER NOT NULL, latency_19 INTEGER NOT NULL,
    latency_20 INTEGER NOT NULL, latency_21 INTEGER NOT NULL, latency_22 INTEGER NOT NULL, latency_23 INTEGER NOT NULL, latency_24 INTEGER NOT NULL,
    latency_25 INTEGER NOT NULL, latency_26 INTEGER NOT NULL, latency_27 INTEGER NOT NULL, latency_28 INTEGER NOT NULL, latency_29 INTEGER NOT NULL
) STRICT;

-- The number of each process's last batch, so that none is added twice.
CREATE TABLE usage_writers (
    writer TEXT NOT NULL PRIMARY KEY,
    last_batch INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Single requests that did not end well: codes, never texts.
CREATE TABLE usage_failures (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    organization_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    upstream_id TEXT NOT NULL,
    upstream_key TEXT NOT NULL,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    code INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    request_id TEXT NOT NULL
) STRICT;
CREATE INDEX usage_failures_organization ON usage_failures (organization_id, id);
CREATE INDEX usage_failures_at ON usage_failures (at);
