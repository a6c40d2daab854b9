-- Activity by the minute, for charts.

create or replace view wedsync_realtime.activity_history as
select
    a.minute,
    a.event_type,
    a.action,
    a.code,
    a.count
from wedsync_realtime.activity_minutes as a;

comment on view wedsync_realtime.activity_history is
'Activity by the minute, one to two minutes late. Kept for settings.metrics_retention.';
comment on column wedsync_realtime.activity_history.minute is 'Minute.';
comment on column wedsync_realtime.activity_history.event_type is
'subscribed, renewed, unsubscribed, expired, revoked, refused and so on.';
comment on column wedsync_realtime.activity_history.action is 'What was refused; else empty.';
comment on column wedsync_realtime.activity_history.code is 'Why it was refused; else empty.';
comment on column wedsync_realtime.activity_history.count is 'How often.';
revoke all on wedsync_realtime.activity_history from public, anon, authenticated, service_role;
grant select on wedsync_realtime.activity_history to wedsync_realtime_monitor;
