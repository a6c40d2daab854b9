-- Schedule the jobs, and make today's partitions without waiting for them.

select wedsync_realtime.schedule_jobs();
select wedsync_realtime.maintain_partitions();
