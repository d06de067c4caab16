-- Alerts and where they are sent. Times are milliseconds since 1970. An alert holds no content of calls: words of the gateway's own, names and ids.

CREATE TABLE alerts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    workspace_id TEXT,
    subject_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX alerts_organization ON alerts (organization_id, id);
CREATE INDEX alerts_at ON alerts (at);

-- Servers that are unwell and what was told of them last: of several gateways that notice the same, one tells it. No reference to upstreams:
-- entries of the configuration file have no row there.
CREATE TABLE open_alerts (
    server_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- failing_since: when the deliveries began to fail that none has succeeded after.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    url BLOB NOT NULL,
    secret BLOB NOT NULL,
    events TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    failing_since INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (organization_id, name)
) STRICT;

-- due_at: when it is tried next, or when whoever tries it now counts as lost; NULL when it is done with.
CREATE TABLE webhook_deliveries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER,
    attempts INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_alert ON webhook_deliveries (alert_id);

CREATE TABLE webhook_attempts (
    delivery_id INTEGER NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status INTEGER,
    failure TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
