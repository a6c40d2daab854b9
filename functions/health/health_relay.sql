-- health(): whether one of the relays leads and keeps up. Where none has ever reported, none is
-- used. What clients miss meanwhile is in the feed: they poll it, or are pushed it later.

create or replace function wedsync_realtime.health_relay()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_lag_warn constant interval := interval '10 seconds';
    v_lag_fail constant interval := interval '1 minute';
    v_look constant text := 'select * from wedsync_realtime.relay_status order by seen_at desc';
    v_last wedsync_realtime.relay_status;
    v_alive bigint;
begin
    name := 'relay';
    status := 'ok';
    advice := '';
    sql := '';
    select r.* into v_last
    from wedsync_realtime.relay_status as r
    order by r.is_leader desc, r.seen_at desc
    limit 1;
    select count(*) into v_alive from wedsync_realtime.relay_status as r where r.is_alive;
    if v_last.id is null then
        value := 'not used';
    elsif not v_last.is_alive then
        status := 'fail';
        value := format('none alive, last report %s ago', date_trunc('second', v_last.age));
        advice := 'Nothing is pushed, clients have to poll. Start wedsync-realtime relay, whose '
            'output says why it ended. If none is to run any more, forget them.';
        sql := 'delete from wedsync_realtime.relays where seen_at < now() - interval ''1 minute''';
    elsif not v_last.is_leader then
        status := 'fail';
        value := 'alive, and none leads';
        advice := 'Nothing is pushed, clients have to poll. The error says what it waits for: the '
            'NATS server, its stream or this database.';
        sql := v_look;
    else
        value := format(
            '%s alive, %s connections, lag %s s, %s events', v_alive, v_last.connections,
            round(extract(epoch from v_last.lag), 1), v_last.lag_events
        );
        if v_last.lag >= v_lag_warn then
            status := case when v_last.lag >= v_lag_fail then 'fail' else 'warn' end;
            advice := 'Events are recorded faster than NATS takes them, or it takes none. See '
                'the error, the disks and the load of NATS, and noisy_tenants.';
            sql := v_look;
        elsif v_last.last_error_at > statement_timestamp() - interval '1 minute' then
            status := 'warn';
            advice := 'It goes on trying. Mend what the error names.';
            sql := v_look;
        end if;
    end if;
    if status <> 'ok' and v_last.last_error is not null then
        value := format('%s; error: %s', value, v_last.last_error);
    end if;
    return next;
end
$$;

comment on function wedsync_realtime.health_relay() is 'health(): relay.';
revoke execute on function wedsync_realtime.health_relay()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_relay()
to wedsync_realtime_owner;
