-- Usage: sums of what was called, by interval. Times are seconds since 1970, the start of the interval; days are days of UTC. Nothing here holds
-- content: name is a tool's or prompt's as its server lists it, latency_0 … latency_29 are counts of calls by duration. Ids of upstreams and
-- workspaces are all zeros for none, because they are part of the key. No reference to other tables: usage outlives what it is of.

CREATE TABLE usage_minutes (
    organization_id uuid NOT NULL,
    at bigint NOT NULL,
    workspace_id uuid NOT NULL,
    key_id text NOT NULL,
    upstream_id uuid NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    upstream_key text NOT NULL,
    calls bigint NOT NULL, tool_errors bigint NOT NULL, server_errors bigint NOT NULL, unavailable bigint NOT NULL,
    timeouts bigint NOT NULL, unanswered bigint NOT NULL, internal_errors bigint NOT NULL, forbidden bigint NOT NULL,
    limited bigint NOT NULL, invalid bigint NOT NULL, saturated bigint NOT NULL, cancelled bigint NOT NULL,
    duration_us bigint NOT NULL, upstream_us bigint NOT NULL, bytes_in bigint NOT NULL, bytes_out bigint NOT NULL,
    cost_micros bigint NOT NULL,
    latency_0 bigint NOT NULL, latency_1 bigint NOT NULL, latency_2 bigint NOT NULL, latency_3 bigint NOT NULL, latency_4 bigint NOT NULL,
    latency_5 bigint NOT NULL, latency_6 bigint NOT NULL, latency_7 bigint NOT NULL, latency_8 bigint NOT NULL, latency_9 bigint NOT NULL,
    latency_10 bigint NOT NULL, latency_11 bigint NOT NULL, latency_12 bigint NOT NULL, latency_13 bigint NOT NULL, latency_14 bigint NOT NULL,
    latency_15 bigint NOT NULL, latency_16 bigint NOT NULL, latency_17 bigint NOT NULL, latency_18 bigint NOT NULL, latency_19 bigint NOT NULL,
    latency_20 bigint NOT NULL, latency_21 bigint NOT NULL, latency_22 bigint NOT NULL, latency_23 bigint NOT NULL, latency_24 bigint NOT NULL,
    latency_25 bigint NOT NULL, latency_26 bigint NOT NULL, latency_27 bigint NOT NULL, latency_28 bigint NOT NULL, latency_29 bigint NOT NULL,
    PRIMARY KEY (organization_id, at, workspace_id, key_id, upstream_id, name, method)
) PARTITION BY RANGE (at);

CREATE TABLE usage_hours (
    organization_id uuid NOT NULL,
    at bigint NOT NULL,
    workspace_id uuid NOT NULL,
    key_id text NOT NULL,
    upstream_id uuid NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    upstream_key text NOT NULL,
    calls bigint NOT NULL, tool_errors bigint NOT NULL, server_errors bigint NOT NULL, unavailable bigint NOT NULL,
    timeouts bigint NOT NULL, unanswered bigint NOT NULL, internal_errors bigint NOT NULL, forbidden bigint NOT NULL,
    limited bigint NOT NULL, invalid bigint NOT NULL, saturated bigint NOT NULL, cancelled bigint NOT NULL,
    duration_us bigint NOT NULL, upstream_us bigint NOT NULL, bytes_in bigint NOT NULL, bytes_out bigint NOT NULL,
    cost_micros bigint NOT NULL,
    latency_0 bigint NOT NULL, latency_1 bigint NOT NULL, latency_2 bigint NOT NULL, latency_3 bigint NOT NULL, latency_4 bigint NOT NULL,
    latency_5 bigint NOT NULL, latency_6 bigint NOT NULL, latency_7 bigint NOT NULL, latency_8 bigint NOT NULL, latency_9 bigint NOT NULL,
    latency_10 bigint NOT NULL, latency_11 bigint NOT NULL, latency_12 bigint NOT NULL, latency_13 bigint NOT NULL, latency_14 bigint NOT NULL,
    latency_15 bigint NOT NULL, latency_16 bigint NOT NULL, latency_17 bigint NOT NULL, latency_18 bigint NOT NULL, latency_19 bigint NOT NULL,
    latency_20 bigint NOT NULL, latency_21 bigint NOT NULL, latency_22 bigint NOT NULL, latency_23 bigint NOT NULL, latency_24 bigint NOT NULL,
    latency_25 bigint NOT NULL, latency_26 bigint NOT NULL, latency_27 bigint NOT NULL, latency_28 bigint NOT NULL, latency_29 bigint NOT NULL,
    PRIMARY KEY (organization_id, at, workspace_id, key_id, upstream_id, name, method)
) WITH (fillfactor = 70);
CREATE INDEX usage_hours_at ON usage_hours (at);

CREATE TABLE usage_days (
    organization_id uuid NOT NULL,
    at bigint NOT NULL,
    workspace_id uuid NOT NULL,
    key_id text NOT NULL,
    upstream_id uuid NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    upstream_key text NOT NULL,
    calls bigint NOT NULL, tool_errors bigint NOT NULL, server_errors bigint NOT NULL, unavailable bigint NOT NULL,
    timeouts bigint NOT NULL, unanswered bigint NOT NULL, internal_errors bigint NOT NULL, forbidden bigint NOT NULL,
    limited bigint NOT NULL, invalid bigint NOT NULL, saturated bigint NOT NULL, cancelled bigint NOT NULL,
    duration_us bigint NOT NULL, upstream_us bigint NOT NULL, bytes_in bigint NOT NULL, bytes_out bigint NOT NULL,
    cost_micros bigint NOT NULL,
    latency_0 bigint NOT NULL, latency_1 bigint NOT NULL, latency_2 bigint NOT NULL, latency_3 bigint NOT NULL, latency_4 bigint NOT NULL,
    latency_5 bigint NOT NULL, latency_6 bigint NOT NULL, latency_7 bigint NOT NULL, latency_8 bigint NOT NULL, latency_9 bigint NOT NULL,
    latency_10 bigint NOT NULL, latency_11 bigint NOT NULL, latency_12 bigint NOT NULL, latency_13 bigint NOT NULL, latency_14 bigint NOT NULL,
    latency_15 bigint NOT NULL, latency_16 bigint NOT NULL, latency_17 bigint NOT NULL, latency_18 bigint NOT NULL, latency_19 bigint NOT NULL,
    latency_20 bigint NOT NULL, latency_21 bigint NOT NULL, latency_22 bigint NOT NULL, latency_23 bigint NOT NULL, latency_24 bigint NOT NULL,
    latency_25 bigint NOT NULL, latency_26 bigint NOT NULL, latency_27 bigint NOT NULL, latency_28 bigint NOT NULL, latency_29 bigint NOT NULL,
    PRIMARY KEY (organization_id, at, workspace_id, key_id, upstream_id, name, method)
) WITH (fillfactor = 70);
CREATE INDEX usage_days_at ON usage_days (at);

-- Where a batch is put before it is added to the sums, within one transaction; empty between them.
CREATE UNLOGGED TABLE usage_staging (
    writer uuid NOT NULL,
    organization_id uuid NOT NULL,
    at bigint NOT NULL,
    workspace_id uuid NOT NULL,
    key_id text NOT NULL,
    upstream_id uuid NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    upstream_key text NOT NULL,
    calls bigint NOT NULL, tool_errors bigint NOT NULL, server_errors bigint NOT NULL, unavailable bigint NOT NULL,
    timeouts bigint NOT NULL, unanswered bigint NOT NULL, internal_errors bigint NOT NULL, forbidden bigint NOT NULL,
    limited bigint NOT NULL, invalid bigint NOT NULL, saturated bigint NOT NULL, cancelled bigint NOT NULL,
    duration_us bigint NOT NULL, upstream_us bigint NOT NULL, bytes_in bigint NOT NULL, bytes_out bigint NOT NULL,
    cost_micros bigint NOT NULL,
    latency_0 bigint NOT NULL, latency_1 bigint NOT NULL, latency_2 bigint NOT NULL, latency_3 bigint NOT NULL, latency_4 bigint NOT NULL,
    latency_5 bigint NOT NULL, latency_6 bigint NOT NULL, latency_7 bigint NOT NULL, latency_8 bigint NOT NULL, latency_9 bigint NOT NULL,
    latency_10 bigint NOT NULL, latency_11 bigint NOT NULL, latency_12 bigint NOT NULL, latency_13 bigint NOT NULL, latency_14 bigint NOT NULL,
    latency_15 bigint NOT NULL, latency_16 bigint NOT NULL, latency_17 bigint NOT NULL, latency_18 bigint NOT NULL, latency_19 bigint NOT NULL,
    latency_20 bigint NOT NULL, latency_21 bigint NOT NULL, latency_22 bigint NOT NULL, latency_23 bigint NOT NULL, latency_24 bigint NOT NULL,
    latency_25 bigint NOT NULL, latency_26 bigint NOT NULL, latency_27 bigint NOT NULL, latency_28 bigint NOT NULL, latency_29 bigint NOT NULL
);

-- The number of each process's last batch, so that none is added twice.
CREATE TABLE usage_writers (
    writer uuid NOT NULL PRIMARY KEY,
    last_batch bigint NOT NULL,
    seen_at bigint NOT NULL
);

-- Single requests that did not end well: codes, never texts.
CREATE TABLE usage_failures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    organization_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    key_id text NOT NULL,
    upstream_id uuid NOT NULL,
    upstream_key text NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    outcome text NOT NULL,
    status integer NOT NULL,
    code integer NOT NULL,
    duration_us bigint NOT NULL,
    request_id text NOT NULL
);
CREATE INDEX usage_failures_organization ON usage_failures (organization_id, id);
CREATE INDEX usage_failures_at ON usage_failures (at);
