-- The registry. Secrets are sealed (see SecretBox), the rest of a record's inside is JSON text.
-- URLs, arguments and settings are sealed too: tokens in them (?api_key=…, --token …) are common.

CREATE TABLE registry_state (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    revision bigint NOT NULL,
    key_check bytea
);
INSERT INTO registry_state (id, revision) VALUES (1, 0);

CREATE TABLE organizations (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL UNIQUE,
    suspended boolean NOT NULL,
    allowed_networks text NOT NULL,
    limits text
);

CREATE TABLE workspaces (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    instructions text,
    UNIQUE (organization_id, name),
    UNIQUE (id, organization_id)
);

CREATE TABLE upstreams (
    id uuid NOT NULL PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    key text NOT NULL,
    transport text NOT NULL,
    command_file text,
    command_arguments bytea,
    command_directory text,
    disabled boolean NOT NULL,
    tools text NOT NULL,
    prefix text,
    instructions text,
    cost_per_call numeric NOT NULL,
    limits text,
    timeout_ms bigint NOT NULL,
    trusted boolean NOT NULL,
    sort_order integer NOT NULL,
    UNIQUE (workspace_id, key)
);

CREATE TABLE endpoints (
    upstream_id uuid NOT NULL REFERENCES upstreams (id) ON DELETE CASCADE,
    position integer NOT NULL,
    url bytea NOT NULL,
    region text,
    priority integer NOT NULL,
    weight integer NOT NULL,
    PRIMARY KEY (upstream_id, position)
);

CREATE TABLE upstream_secrets (
    upstream_id uuid NOT NULL REFERENCES upstreams (id) ON DELETE CASCADE,
    kind text NOT NULL,
    name text NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (upstream_id, kind, name)
);

CREATE TABLE api_keys (
    id text NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    name text NOT NULL,
    secret_hash text NOT NULL,
    scopes text NOT NULL,
    permissions text NOT NULL,
    limits text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    FOREIGN KEY (workspace_id, organization_id) REFERENCES workspaces (id, organization_id)
);

CREATE TABLE settings (
    name text NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

-- No reference to upstreams: entries of the configuration file have no row there.
CREATE TABLE catalogs (
    upstream_id uuid NOT NULL PRIMARY KEY,
    json bytea NOT NULL,
    fetched_at timestamptz NOT NULL
);
