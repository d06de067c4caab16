-- The registry. Times are ISO text in UTC, identifiers upper-case text, secrets are sealed (see SecretBox), the rest of a record's inside is JSON text.
-- URLs, arguments and settings are sealed too: tokens in them (?api_key=…, --token …) are common.

CREATE TABLE registry_state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    key_check BLOB
) STRICT;
INSERT INTO registry_state (id, revision) VALUES (1, 0);

CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    suspended INTEGER NOT NULL,
    allowed_networks TEXT NOT NULL,
    limits TEXT
) STRICT;

CREATE TABLE workspaces (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    instructions TEXT,
    UNIQUE (organization_id, name),
    UNIQUE (id, organization_id)
) STRICT;

CREATE TABLE upstreams (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    key TEXT NOT NULL,
    transport TEXT NOT NULL,
    command_file TEXT,
    command_arguments BLOB,
    command_directory TEXT,
    disabled INTEGER NOT NULL,
    tools TEXT NOT NULL,
    prefix TEXT,
    instructions TEXT,
    cost_per_call TEXT NOT NULL,
    limits TEXT,
    timeout_ms INTEGER NOT NULL,
    trusted INTEGER NOT NULL,
    sort_order INTEGER NOT NULL,
    UNIQUE (workspace_id, key)
) STRICT;

CREATE TABLE endpoints (
    upstream_id TEXT NOT NULL REFERENCES upstreams (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    url BLOB NOT NULL,
    region TEXT,
    priority INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (upstream_id, position)
) STRICT;

CREATE TABLE upstream_secrets (
    upstream_id TEXT NOT NULL REFERENCES upstreams (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (upstream_id, kind, name)
) STRICT;

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    permissions TEXT NOT NULL,
    limits TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT,
    FOREIGN KEY (workspace_id, organization_id) REFERENCES workspaces (id, organization_id)
) STRICT;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- No reference to upstreams: entries of the configuration file have no row there.
CREATE TABLE catalogs (
    upstream_id TEXT NOT NULL PRIMARY KEY,
    json BLOB NOT NULL,
    fetched_at TEXT NOT NULL
) STRICT;
