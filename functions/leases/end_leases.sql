-- End leases; the one way by which the system does it. The row's trigger writes the audit, with
-- the event and the reason that stand in wedsync_realtime.ending meanwhile, signed for this
-- transaction, because any session may set that too.

create or replace function wedsync_realtime.end_leases(ids uuid[], event_type text, reason text)
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
-- it assigns a transaction id: @plpgsql_check_options: performance_warnings = off
declare
    v_ended integer;
    v_ending constant text := event_type || '/' || reason;
begin
    if cardinality(ids) = 0 then
        return 0;
    end if;
    perform set_config(
        'wedsync_realtime.ending',
        wedsync_realtime.sign_cursor(
            format('ending %s %s', pg_current_xact_id(), v_ending), s.cursor_secret
        ) || '/' || v_ending, true
    )
    from wedsync_realtime.settings as s;
    delete from public.realtime_subscriptions as s where s.id = any (ids);
    get diagnostics v_ended = row_count;
    perform set_config('wedsync_realtime.ending', '', true);
    return v_ended;
end
$$;

comment on function wedsync_realtime.end_leases(uuid[], text, text) is
'End subscriptions with an audited event and reason; returns how many.';
revoke execute on function wedsync_realtime.end_leases(uuid[], text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.end_leases(uuid[], text, text)
to wedsync_realtime_owner;
