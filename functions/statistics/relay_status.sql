-- How the relays are doing, one row a run of a relay. One that has not reported for a minute is
-- dead: they report four times a minute, and within half a second what has changed.

create or replace view wedsync_realtime.relay_status as
select
    r.id,
    a.is_alive,
    r.is_leader and a.is_alive as is_leader,
    r.started_at,
    r.seen_at,
    statement_timestamp() - r.seen_at as age,
    r.lag_events,
    make_interval(secs => r.lag_seconds) as lag,
    r.connections,
    r.logins,
    r.refused,
    (select coalesce(sum(e.value::bigint), 0)::bigint from jsonb_each_text(r.refused) as e)
        as refusals,
    r.kicks,
    r.slow_consumers,
    r.published,
    r.last_error,
    r.last_error_at
from wedsync_realtime.relays as r
cross join lateral (
    select r.seen_at > statement_timestamp() - interval '1 minute' as is_alive
) as a;

comment on view wedsync_realtime.relay_status is
'What each relay last reported of itself, kept until another has reported a day later.';
comment on column wedsync_realtime.relay_status.id is 'One run of a relay.';
comment on column wedsync_realtime.relay_status.is_alive is
'Whether it has reported in the last minute.';
comment on column wedsync_realtime.relay_status.is_leader is
'Whether it is alive and reads the feed; the others answer logins and stand by.';
comment on column wedsync_realtime.relay_status.started_at is 'When it reported first.';
comment on column wedsync_realtime.relay_status.seen_at is 'When it reported last.';
comment on column wedsync_realtime.relay_status.age is 'How long ago that is.';
comment on column wedsync_realtime.relay_status.lag_events is
'Events that it had read and not published yet.';
comment on column wedsync_realtime.relay_status.lag is
'How long ago it had nothing left to publish.';
comment on column wedsync_realtime.relay_status.connections is
'Clients connected to NATS, through whichever relay they came.';
comment on column wedsync_realtime.relay_status.logins is 'Logins that it has admitted.';
comment on column wedsync_realtime.relay_status.refused is
'Logins that it has refused, by reason.';
comment on column wedsync_realtime.relay_status.refusals is 'All of these.';
comment on column wedsync_realtime.relay_status.kicks is
'Connections that it has had closed because rights were taken away.';
comment on column wedsync_realtime.relay_status.slow_consumers is
'Connections that NATS has closed since it started because they did not keep up.';
comment on column wedsync_realtime.relay_status.published is 'Messages that it has published.';
comment on column wedsync_realtime.relay_status.last_error is 'Its latest error.';
comment on column wedsync_realtime.relay_status.last_error_at is 'When it last reported one.';
revoke all on wedsync_realtime.relay_status from public, anon, authenticated, service_role;
grant select on wedsync_realtime.relay_status to wedsync_realtime_monitor, wedsync_realtime_owner;
