-- The audit log. Times are microseconds since 1970. What ties the entries together stands in AuditChain.
-- No unique sequence: a forged row must not stop the gateway from writing; the check finds it.

CREATE TABLE audit_entries (
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    occurrences INTEGER NOT NULL,
    organization_id TEXT,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    address TEXT,
    action TEXT NOT NULL,
    resource_type TEXT,
    resource_id TEXT,
    fields TEXT NOT NULL,
    outcome TEXT NOT NULL,
    request_id TEXT,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_entries_by_sequence ON audit_entries (sequence);
CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, sequence);
CREATE INDEX audit_entries_by_time ON audit_entries (at);

-- Where the chain begins and ends, sealed (see SecretBox); its row lock puts those who append in order.
CREATE TABLE audit_ends (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed BLOB
) STRICT;
INSERT INTO audit_ends (id) VALUES (1);
