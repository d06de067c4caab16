-- The audit log. Times are microseconds since 1970. What ties the entries together stands in AuditChain.
-- No unique sequence: a forged row must not stop the gateway from writing; the check finds it.

CREATE TABLE audit_entries (
    sequence bigint NOT NULL,
    at bigint NOT NULL,
    until_at bigint NOT NULL,
    occurrences bigint NOT NULL,
    organization_id text,
    actor_kind text NOT NULL,
    actor_id text,
    address text,
    action text NOT NULL,
    resource_type text,
    resource_id text,
    fields text NOT NULL,
    outcome text NOT NULL,
    request_id text,
    hash bytea NOT NULL
);
CREATE INDEX audit_entries_by_sequence ON audit_entries (sequence);
CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, sequence);
CREATE INDEX audit_entries_by_time ON audit_entries (at);

-- Where the chain begins and ends, sealed (see SecretBox); its row lock puts those who append in order.
CREATE TABLE audit_ends (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed bytea
);
INSERT INTO audit_ends (id) VALUES (1);
