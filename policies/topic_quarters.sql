-- topic_quarters: written by the metrics job.
-- No policy for anybody: its owner writes it, and views show it.

revoke all on wedsync_realtime.topic_quarters from public, anon, authenticated, service_role;
