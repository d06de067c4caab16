-- Alerts and where they are sent. Times are milliseconds since 1970. An alert holds no content of calls: words of the gateway's own, names and ids.

CREATE TABLE alerts (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    at bigint NOT NULL,
    workspace_id uuid,
    subject_id uuid NOT NULL,
    subject text NOT NULL,
    reason text
);
CREATE INDEX alerts_organization ON alerts (organization_id, id);
CREATE INDEX alerts_at ON alerts (at);

-- Servers that are unwell and what was told of them last: of several gateways that notice the same, one tells it. No reference to upstreams:
-- entries of the configuration file have no row there.
CREATE TABLE open_alerts (
    server_id uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    since bigint NOT NULL
);

-- failing_since: when the deliveries began to fail that none has succeeded after.
CREATE TABLE webhooks (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    url bytea NOT NULL,
    secret bytea NOT NULL,
    events text NOT NULL,
    disabled boolean NOT NULL,
    created_at bigint NOT NULL,
    failing_since bigint,
    version bigint NOT NULL DEFAULT 1,
    UNIQUE (organization_id, name)
);

-- due_at: when it is tried next, or when whoever tries it now counts as lost; NULL when it is done with.
CREATE TABLE webhook_deliveries (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    alert_id bigint NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    state text NOT NULL,
    created_at bigint NOT NULL,
    due_at bigint,
    attempts integer NOT NULL
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_alert ON webhook_deliveries (alert_id);

CREATE TABLE webhook_attempts (
    delivery_id bigint NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number integer NOT NULL,
    at bigint NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    failure text,
    PRIMARY KEY (delivery_id, number)
);
