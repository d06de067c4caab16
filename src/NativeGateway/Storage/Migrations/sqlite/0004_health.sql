-- How calls are spread over endpoints, how often idle ones are asked how they are (NULL: never), and how many calls a server may get at once.

ALTER TABLE upstreams ADD COLUMN load_balancing TEXT NOT NULL DEFAULT 'power-of-two';
ALTER TABLE upstreams ADD COLUMN health_interval_ms INTEGER DEFAULT 60000;
ALTER TABLE upstreams ADD COLUMN max_concurrent INTEGER NOT NULL DEFAULT 1024;
