-- Traffic of each channel: what the metrics job has added up, and what came since.

create or replace view wedsync_realtime.channel_throughput as
select
    c.name as channel,
    c.is_enabled,
    (
        select count(*)
        from wedsync_realtime.topics as t
        where t.channel_id = c.id
    ) as hot_topics,
    coalesce(r.last_minute, 0) as events_1m,
    coalesce(m.events_1h, 0) + coalesce(r.events_1h, 0) as events_1h,
    coalesce(m.events_24h, 0) + coalesce(r.events_24h, 0) as events_24h,
    round(coalesce(r.last_minute, 0) / 60.0, 3) as events_per_second,
    greatest(k.last_at, r.last_at) as last_event_at,
    c.filter_key
from wedsync_realtime.channels as c
left join lateral (
    select
        sum(n.events) filter (where n.minute > now() - interval '1 hour')::bigint as events_1h,
        sum(n.events)::bigint as events_24h
    from wedsync_realtime.channel_minutes as n
    where n.channel_id = c.id and n.minute > now() - interval '24 hours'
) as m on true
left join (
    select
        e.channel_id,
        sum(e.last_minute)::bigint as last_minute,
        sum(e.events) filter (where e.minute > now() - interval '1 hour')::bigint as events_1h,
        sum(e.events) filter (where e.minute > now() - interval '24 hours')::bigint
        as events_24h,
        max(e.last_at) as last_at
    from wedsync_realtime.metrics_horizon as h
    cross join lateral wedsync_realtime.recent_events(h.seen, h.seen_before) as e
    group by e.channel_id
) as r on c.id = r.channel_id
left join wedsync_realtime.counters as k
    on k.name = 'events' and k.labels = jsonb_build_object('channel', c.name);

comment on view wedsync_realtime.channel_throughput is
'Events of each channel. Exact at this moment, or as of the last run of the metrics job when that '
'is over ten minutes ago; hours and days begin with a whole minute.';
comment on column wedsync_realtime.channel_throughput.channel is 'Channel.';
comment on column wedsync_realtime.channel_throughput.is_enabled is
'Whether anybody may subscribe; false while it is paused.';
comment on column wedsync_realtime.channel_throughput.hot_topics is
'Suppliers and couples whose changes are recorded.';
comment on column wedsync_realtime.channel_throughput.events_1m is 'In the last 60 seconds.';
comment on column wedsync_realtime.channel_throughput.events_1h is 'In the last hour.';
comment on column wedsync_realtime.channel_throughput.events_24h is 'In the last 24 hours.';
comment on column wedsync_realtime.channel_throughput.events_per_second is
'Rate of the last 60 seconds.';
comment on column wedsync_realtime.channel_throughput.last_event_at is 'Latest event.';
comment on column wedsync_realtime.channel_throughput.filter_key is
'Key in filters that names whose rows are meant, as subscribe and explain_access take it.';
revoke all on wedsync_realtime.channel_throughput from public, anon, authenticated, service_role;
grant select on wedsync_realtime.channel_throughput to wedsync_realtime_monitor;
