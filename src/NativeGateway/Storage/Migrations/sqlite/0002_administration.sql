-- What the administration API needs: a version of each record for ETags, the keys' limits per tool, and what Idempotency-Keys created.

ALTER TABLE organizations ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE workspaces ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE upstreams ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN tool_limits TEXT;

-- No reference to what was created: that may be deleted before its creation is forgotten.
CREATE TABLE creations (
    caller_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    digest BLOB NOT NULL,
    resource_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (caller_id, idempotency_key)
) STRICT;
CREATE INDEX creations_by_time ON creations (created_at);
