-- Plans of organizations and how much of their quotas is used up.

ALTER TABLE organizations ADD COLUMN plan TEXT;
ALTER TABLE organizations ADD COLUMN quotas TEXT;

-- Of each quota the current period only: when a later one begins it takes the row over. "granted" is what the last statement gave out.
CREATE TABLE quota_uses (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    quota TEXT NOT NULL,
    period TEXT NOT NULL,
    taken INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    PRIMARY KEY (organization_id, quota)
) STRICT;
