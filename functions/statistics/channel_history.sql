-- Traffic of each channel by the minute, for charts.

create or replace view wedsync_realtime.channel_history as
select
    m.minute,
    c.name as channel,
    m.events,
    round(m.events / 60.0, 3) as events_per_second
from wedsync_realtime.channel_minutes as m
inner join wedsync_realtime.channels as c on m.channel_id = c.id;

comment on view wedsync_realtime.channel_history is
'Events of each channel by the minute, as far as the metrics job has counted; a minute without '
'events has no row. Kept for settings.metrics_retention.';
comment on column wedsync_realtime.channel_history.minute is 'Minute of recording.';
comment on column wedsync_realtime.channel_history.channel is 'Channel.';
comment on column wedsync_realtime.channel_history.events is 'Events committed.';
comment on column wedsync_realtime.channel_history.events_per_second is 'Their rate.';
revoke all on wedsync_realtime.channel_history from public, anon, authenticated, service_role;
grant select on wedsync_realtime.channel_history
to wedsync_realtime_monitor, wedsync_realtime_owner;
