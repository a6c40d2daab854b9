-- Put on record what a relay says of itself: one row a relay, by the id that it has chosen, and 100
-- rows at most, of which the one that is silent for longest makes room. What a relay does not tell
-- stays as it was. What views and metrics could not read is refused.

create or replace function wedsync_realtime.report_relay(state jsonb)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_state wedsync_realtime.relays := jsonb_populate_record(
        null::wedsync_realtime.relays, state - array['started_at', 'seen_at', 'last_error_at']
    );
    v_is_new boolean;
begin
    if
        v_state.id is null or octet_length((state - 'last_error')::text) > 8192
        or not (v_state.lag_seconds >= 0 and v_state.lag_seconds < 1e9)
        or least(
            v_state.lag_events, v_state.connections, v_state.logins, v_state.kicks,
            v_state.slow_consumers, v_state.published
        ) < 0
        or exists (
            select from jsonb_each_text(v_state.refused) as r
            where coalesce(r.value, '') !~ '^\d{1,15}$'
        )
    then
        raise exception 'state is not what a relay says of itself'
            using errcode = 'invalid_parameter_value',
            hint = 'It has an id, figures that are not negative, and 8 kB at most.';
    end if;
    insert into wedsync_realtime.relays as r (
        id, is_leader, lag_events, lag_seconds, connections, logins, refused, kicks,
        slow_consumers, published, last_error, last_error_at
    )
    values (
        v_state.id, coalesce(v_state.is_leader, false), v_state.lag_events, v_state.lag_seconds,
        v_state.connections, v_state.logins, coalesce(v_state.refused, '{}'), v_state.kicks,
        v_state.slow_consumers, v_state.published,
        regexp_replace(left(v_state.last_error, 500), '[[:cntrl:]]', ' ', 'g'),
        case when v_state.last_error is not null then clock_timestamp() end
    )
    on conflict on constraint relays_pkey do update
    set
        seen_at = clock_timestamp(),
        is_leader = excluded.is_leader,
        lag_events = coalesce(excluded.lag_events, r.lag_events),
        lag_seconds = coalesce(excluded.lag_seconds, r.lag_seconds),
        connections = coalesce(excluded.connections, r.connections),
        logins = coalesce(excluded.logins, r.logins),
        refused = case when state ? 'refused' then excluded.refused else r.refused end,
        kicks = coalesce(excluded.kicks, r.kicks),
        slow_consumers = coalesce(excluded.slow_consumers, r.slow_consumers),
        published = coalesce(excluded.published, r.published),
        last_error = coalesce(excluded.last_error, r.last_error),
        last_error_at = coalesce(excluded.last_error_at, r.last_error_at)
    returning r.xmax = 0 into v_is_new;
    if v_is_new then
        delete from wedsync_realtime.relays as r
        where r.seen_at <= (
            select o.seen_at from wedsync_realtime.relays as o
            order by o.seen_at desc offset 100 limit 1
        );
    end if;
end
$$;

comment on function wedsync_realtime.report_relay(jsonb) is
'Put on record what a relay says of itself: id, is_leader, lag_events, lag_seconds, connections, '
'logins, refused (by reason), kicks, slow_consumers, published, last_error.';
revoke execute on function wedsync_realtime.report_relay(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.report_relay(jsonb) to wedsync_realtime_relay;
