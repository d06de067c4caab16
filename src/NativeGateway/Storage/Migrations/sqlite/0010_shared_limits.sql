-- Nothing: there is one process, which keeps its token buckets in memory. The number stands for what Postgres gets.

SELECT 1;
