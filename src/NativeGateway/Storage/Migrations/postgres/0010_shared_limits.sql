-- Token buckets that replicas share, and which replicas there are. Both are worth nothing after a crash of the server, so they are not logged:
-- buckets are full then, and replicas show themselves again.

CREATE UNLOGGED TABLE limit_buckets (
    id uuid PRIMARY KEY,
    full_at bigint NOT NULL
) WITH (fillfactor = 50);

CREATE UNLOGGED TABLE replicas (
    id uuid PRIMARY KEY,
    seen_at bigint NOT NULL
) WITH (fillfactor = 50);
