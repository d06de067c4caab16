-- What explains a single request: which stage decided it and why, which endpoint was called and why that one, and what its time went for. Words and
-- numbers of the gateway's own. Requests that ended well are among them when they were slow; those of nobody known belong to no organization.

ALTER TABLE usage_failures ADD COLUMN rpc_method text NOT NULL DEFAULT '';
ALTER TABLE usage_failures ADD COLUMN stage text NOT NULL DEFAULT '';
ALTER TABLE usage_failures ADD COLUMN reason text NOT NULL DEFAULT '';
ALTER TABLE usage_failures ADD COLUMN limit_scope text NOT NULL DEFAULT '';
ALTER TABLE usage_failures ADD COLUMN nothing_sent boolean NOT NULL DEFAULT false;
ALTER TABLE usage_failures ADD COLUMN endpoint integer NOT NULL DEFAULT -1;
ALTER TABLE usage_failures ADD COLUMN endpoint_reason text NOT NULL DEFAULT '';
ALTER TABLE usage_failures ADD COLUMN tries integer NOT NULL DEFAULT 0;
ALTER TABLE usage_failures ADD COLUMN queued_us bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_failures ADD COLUMN opening_us bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_failures ADD COLUMN waiting_us bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_failures ADD COLUMN relaying_us bigint NOT NULL DEFAULT 0;
CREATE INDEX usage_failures_request ON usage_failures (request_id);
