-- activity_minutes: written by the metrics job.
-- No policy for anybody: its owner writes it, and views show it.

revoke all on wedsync_realtime.activity_minutes from public, anon, authenticated, service_role;
