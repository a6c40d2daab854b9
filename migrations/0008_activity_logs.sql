-- 0008 activity logs: what everybody did and was refused, one partition a month.
-- Undo: drop table public.realtime_activity_logs (loses the audit).

create table public.realtime_activity_logs (
    id          uuid not null default gen_random_uuid(),
    user_id     uuid,
    channel_id  text,
    event_type  text not null,
    payload     jsonb not null default '{}',
    "timestamp" timestamptz not null default clock_timestamp(),
    constraint realtime_activity_logs_pkey primary key (id, "timestamp")
) partition by range ("timestamp");

create index realtime_activity_logs_user_id_timestamp_idx
    on public.realtime_activity_logs (user_id, "timestamp");

comment on table public.realtime_activity_logs is
'Audit of all activity. Rows are added by the system and go by retention or erasure only.';
comment on column public.realtime_activity_logs.id is 'Key, with timestamp.';
comment on column public.realtime_activity_logs.user_id is
'Who did it, or whose subscription it was; null for administrators and deleted users.';
comment on column public.realtime_activity_logs.channel_id is 'Channel id of the subscription.';
comment on column public.realtime_activity_logs.event_type is
'subscribed, renewed, unsubscribed, expired, revoked, deleted, refused or an administrator''s '
'action.';
comment on column public.realtime_activity_logs.payload is
'Bounded details, never a row''s content; a refusal that repeats is counted here per minute.';
comment on column public.realtime_activity_logs."timestamp" is
'When; for a refusal the minute in which it was counted.';

create table public.realtime_activity_logs_default
    partition of public.realtime_activity_logs default;
comment on table public.realtime_activity_logs_default is
'Catches activity of a month without a partition; empty in good health.';

alter table public.realtime_activity_logs enable row level security;
alter table public.realtime_activity_logs_default enable row level security;
