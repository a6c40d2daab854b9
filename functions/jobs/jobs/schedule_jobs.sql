-- Schedule the jobs, with pg_cron where it can be had, and make today's partitions without waiting
-- for them.

select wedsync_realtime.create_cron();
select wedsync_realtime.schedule_jobs();
select wedsync_realtime.maintain_partitions();
