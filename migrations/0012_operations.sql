-- 0012 operations: schedules, thresholds, what each job did last, what was deployed.
-- Undo: drop table wedsync_realtime.job_runs, wedsync_realtime.deployed_functions; alter table
-- wedsync_realtime.settings drop column purge_schedule, drop column metrics_schedule, drop column
-- metrics_retention, drop column job_details_retention, drop column warn_load, drop column
-- warn_queue, drop column warn_slot_bytes, drop column warn_open_for (loses these settings and what
-- the jobs did last).

alter table wedsync_realtime.settings
add column purge_schedule text not null default '17 * * * *',
add column metrics_schedule text not null default '* * * * *',
add column metrics_retention interval not null default '30 days'
constraint settings_metrics_retention_check
check (metrics_retention between interval '1 day' and interval '1 year'),
add column job_details_retention interval not null default '7 days'
constraint settings_job_details_retention_check
check (job_details_retention between interval '1 hour' and interval '1 year'),
add column warn_load real not null default 0.8
constraint settings_warn_load_check check (warn_load > 0 and warn_load <= 1),
add column warn_queue real not null default 0.1
constraint settings_warn_queue_check check (warn_queue > 0 and warn_queue <= 1),
add column warn_slot_bytes bigint not null default 1073741824
constraint settings_warn_slot_bytes_check check (warn_slot_bytes > 0),
add column warn_open_for interval not null default '1 minute'
constraint settings_warn_open_for_check check (warn_open_for > interval '0');

comment on column wedsync_realtime.settings.purge_schedule is
'pg_cron schedule of the purge of rows nobody needs; applied by the next deployment or '
'schedule_jobs().';
comment on column wedsync_realtime.settings.metrics_schedule is
'pg_cron schedule of the metrics row; applied by the next deployment or schedule_jobs().';
comment on column wedsync_realtime.settings.metrics_retention is
'How long metrics_history, channel_minutes and activity_minutes are kept.';
comment on column wedsync_realtime.settings.job_details_retention is
'How long cron.job_run_details keeps the runs of this package''s jobs.';
comment on column wedsync_realtime.settings.warn_load is
'health() warns of tenants that hold this share of their limit.';
comment on column wedsync_realtime.settings.warn_queue is
'health() warns when this share of the NOTIFY queue is in use, and fails at five times that.';
comment on column wedsync_realtime.settings.warn_slot_bytes is
'health() warns of replication slots that hold this much WAL, and fails at four times that.';
comment on column wedsync_realtime.settings.warn_open_for is
'health() warns of transactions that have been idle for this long.';

create table wedsync_realtime.job_runs (
    job             text not null,
    created_at      timestamptz not null default now(),
    started_at      timestamptz,
    last_success_at timestamptz,
    last_duration   interval,
    last_rows       bigint,
    runs            bigint not null default 0,
    failures        bigint not null default 0,
    last_failure_at timestamptz,
    last_error      text,
    done_by         text,
    constraint job_runs_pkey primary key (job)
);

comment on table wedsync_realtime.job_runs is
'What each job did last, whoever ran it: pg_cron or make maintain. One row a job.';
comment on column wedsync_realtime.job_runs.job is 'Job, as run_job() names it.';
comment on column wedsync_realtime.job_runs.created_at is 'Since when it should have been running.';
comment on column wedsync_realtime.job_runs.started_at is
'When the run began that last_duration and last_rows belong to.';
comment on column wedsync_realtime.job_runs.last_success_at is 'When a run last succeeded.';
comment on column wedsync_realtime.job_runs.last_duration is 'How long that run took.';
comment on column wedsync_realtime.job_runs.last_rows is
'How many leases, partitions or rows that run dealt with.';
comment on column wedsync_realtime.job_runs.runs is 'How often it succeeded.';
comment on column wedsync_realtime.job_runs.failures is 'How often it failed.';
comment on column wedsync_realtime.job_runs.last_failure_at is 'When it last failed.';
comment on column wedsync_realtime.job_runs.last_error is 'How it last failed.';
comment on column wedsync_realtime.job_runs.done_by is
'Who ran it last: pg_cron, wedsync-realtime maintain, or another application_name.';

insert into wedsync_realtime.job_runs (job)
values ('cleanup'), ('partitions'), ('purge'), ('metrics');

create table wedsync_realtime.deployed_functions (
    path        text not null,
    applied_at  timestamptz not null,
    fingerprint text not null,
    constraint deployed_functions_pkey primary key (path)
);

comment on table wedsync_realtime.deployed_functions is
'How each function looked when it was deployed, so that health() notices a change by hand.';
comment on column wedsync_realtime.deployed_functions.path is 'File, as in deployed_scripts.';
comment on column wedsync_realtime.deployed_functions.applied_at is
'Deployment that it was taken after.';
comment on column wedsync_realtime.deployed_functions.fingerprint is
'Hash of body, attributes and grants.';

alter table wedsync_realtime.job_runs enable row level security;
alter table wedsync_realtime.deployed_functions enable row level security;
