-- People: users, their part in organizations, invitations, sessions and failed sign-ins. Passwords as Argon2id, tokens as SHA-256 of 256 random bits.

CREATE TABLE users (
    id uuid NOT NULL PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    instance boolean NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1
);

CREATE TABLE members (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    UNIQUE (organization_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

CREATE TABLE invitations (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email text NOT NULL,
    role text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    UNIQUE (organization_id, email)
);

ALTER TABLE api_keys ADD COLUMN user_id uuid REFERENCES users (id) ON DELETE SET NULL;

-- Times are milliseconds since 1970.
CREATE TABLE user_sessions (
    id uuid NOT NULL PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL
);
CREATE INDEX user_sessions_user ON user_sessions (user_id);

-- subject: a digest of an account's e-mail address, or the caller's address. Forgotten when until_at has passed.
CREATE TABLE sign_in_attempts (
    subject text NOT NULL PRIMARY KEY,
    attempts bigint NOT NULL,
    until_at bigint NOT NULL
);
CREATE INDEX sign_in_attempts_until ON sign_in_attempts (until_at);
