-- The audit of the last hour, in plain columns.

create or replace view wedsync_realtime.recent_activity as
select
    l."timestamp" as at,
    l.event_type,
    l.user_id,
    l.channel_id,
    coalesce(l.payload ->> 'channel', l.payload ->> 'channels') as channel,
    l.payload ->> 'code' as code,
    coalesce(l.payload ->> 'reason', l.payload ->> 'error') as reason,
    l.payload
from public.realtime_activity_logs as l
where l."timestamp" > now() - interval '1 hour';

comment on view wedsync_realtime.recent_activity is
'Activity of the last hour; order it by at.';
comment on column wedsync_realtime.recent_activity.at is
'When; for a refusal the minute in which it was counted.';
comment on column wedsync_realtime.recent_activity.event_type is
'subscribed, renewed, unsubscribed, expired, revoked, refused and so on.';
comment on column wedsync_realtime.recent_activity.user_id is 'Who.';
comment on column wedsync_realtime.recent_activity.channel_id is 'Id of the subscription.';
comment on column wedsync_realtime.recent_activity.channel is 'Channel, or channels asked for.';
comment on column wedsync_realtime.recent_activity.code is 'Code of a refusal.';
comment on column wedsync_realtime.recent_activity.reason is 'Why.';
comment on column wedsync_realtime.recent_activity.payload is 'All details.';
revoke all on wedsync_realtime.recent_activity from public, anon, authenticated, service_role;
grant select on wedsync_realtime.recent_activity to wedsync_realtime_monitor;
