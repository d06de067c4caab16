-- What the administration API needs: a version of each record for ETags, the keys' limits per tool, and what Idempotency-Keys created.

ALTER TABLE organizations ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE workspaces ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE upstreams ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN tool_limits text;

-- No reference to what was created: that may be deleted before its creation is forgotten.
CREATE TABLE creations (
    caller_id text NOT NULL,
    idempotency_key text NOT NULL,
    digest bytea NOT NULL,
    resource_id text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller_id, idempotency_key)
);
CREATE INDEX creations_by_time ON creations (created_at);
