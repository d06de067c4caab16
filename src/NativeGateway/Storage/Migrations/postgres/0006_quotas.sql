-- Plans of organizations and how much of their quotas is used up.

ALTER TABLE organizations ADD COLUMN plan text;
ALTER TABLE organizations ADD COLUMN quotas text;

-- Of each quota the current period only: when a later one begins it takes the row over. "granted" is what the last statement gave out.
CREATE TABLE quota_uses (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    quota text NOT NULL,
    period text NOT NULL,
    taken bigint NOT NULL,
    granted bigint NOT NULL,
    PRIMARY KEY (organization_id, quota)
);
