-- What was refused and why, in the last day.

create or replace view wedsync_realtime.refusals as
select
    l.payload ->> 'code' as code,
    l.payload ->> 'action' as action,
    coalesce(
        sum((l.payload ->> 'count')::bigint)
        filter (where l."timestamp" > now() - interval '1 hour'), 0
    )::bigint as refusals_1h,
    sum((l.payload ->> 'count')::bigint)::bigint as refusals_24h,
    count(distinct l.user_id) as users_24h,
    max(l."timestamp") as last_at
from public.realtime_activity_logs as l
where l.event_type = 'refused' and l."timestamp" > now() - interval '24 hours'
group by 1, 2;

comment on view wedsync_realtime.refusals is
'Refused calls of the last 24 hours by reason and action. Refusals count in their minute.';
comment on column wedsync_realtime.refusals.code is 'Reason, as callers are told.';
comment on column wedsync_realtime.refusals.action is 'What they called.';
comment on column wedsync_realtime.refusals.refusals_1h is 'Calls refused in the last hour.';
comment on column wedsync_realtime.refusals.refusals_24h is 'Calls refused in the last 24 hours.';
comment on column wedsync_realtime.refusals.users_24h is 'How many users they came from.';
comment on column wedsync_realtime.refusals.last_at is 'Minute of the latest.';
revoke all on wedsync_realtime.refusals from public, anon, authenticated, service_role;
grant select on wedsync_realtime.refusals to wedsync_realtime_monitor;
