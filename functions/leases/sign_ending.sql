-- Sign why leases end, for this transaction: so that what a session has put into
-- wedsync_realtime.ending itself goes into no audit.

create or replace function wedsync_realtime.sign_ending(ending text)
    returns text
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
-- it assigns a transaction id: @plpgsql_check_options: performance_warnings = off
begin
    return (
        select wedsync_realtime.sign_cursor(
            format('ending %s %s', pg_current_xact_id(), ending), s.cursor_secret
        )
        from wedsync_realtime.settings as s
    );
end
$$;

comment on function wedsync_realtime.sign_ending(text) is
'Signature of the reason for which this transaction ends subscriptions.';
revoke execute on function wedsync_realtime.sign_ending(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.sign_ending(text)
to wedsync_realtime_owner;
