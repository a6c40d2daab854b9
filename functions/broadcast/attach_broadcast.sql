-- Switch broadcasts on where Supabase Realtime exists, unless somebody has decided. Where they
-- would be refused they stay off, with a warning that says who must do what.

create or replace function wedsync_realtime.attach_broadcast()
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_obstacle constant text := wedsync_realtime.broadcast_obstacle();
begin
    if v_obstacle is null then
        -- an UPDATE of no row would compile all channels, too
        if exists (
            select from wedsync_realtime.settings as s where s.broadcast_enabled is null
        )
        and exists (
            select from pg_proc as p
            inner join pg_namespace as n on n.oid = p.pronamespace
            where
                n.nspname = 'realtime' and p.proname = 'send'
                and oidvectortypes(p.proargtypes) = 'jsonb, text, text, boolean'
        )
        then
            update wedsync_realtime.settings as s set broadcast_enabled = true;
        end if;
    elsif exists (
        select from wedsync_realtime.settings as s where s.broadcast_enabled is not false
    ) then
        raise warning 'Supabase broadcasts are not sent: %', v_obstacle;
    end if;
end
$$;

comment on function wedsync_realtime.attach_broadcast() is
'Switch broadcasts on where Supabase Realtime exists.';
revoke execute on function wedsync_realtime.attach_broadcast()
from public, anon, authenticated, service_role;
