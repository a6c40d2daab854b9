-- job_runs: written by the jobs.
-- No policy for anybody: its owner writes it, and views show it.

revoke all on wedsync_realtime.job_runs from public, anon, authenticated, service_role;
