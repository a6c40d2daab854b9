-- Attach to Supabase Realtime, where its objects exist: switch broadcasts on unless somebody has
-- decided, and let holders of a live lease join their topic. There is no policy to insert:
-- clients send nothing here. Whatever this role may not do is left out, with a warning that says
-- who must do what. False where there is no realtime.messages.

create or replace function wedsync_realtime.attach_broadcast()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_obstacle text := wedsync_realtime.broadcast_obstacle();
    v_messages regclass := (
        select c.oid::regclass
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'realtime' and c.relname = 'messages'
    );
begin
    if v_obstacle is null then
        update wedsync_realtime.settings as s
        set broadcast_enabled = true
        where s.broadcast_enabled is null and exists (
            select from pg_proc as p
            inner join pg_namespace as n on n.oid = p.pronamespace
            where
                n.nspname = 'realtime' and p.proname = 'send'
                and oidvectortypes(p.proargtypes) = 'jsonb, text, text, boolean'
        );
    elsif exists (
        select from wedsync_realtime.settings as s where s.broadcast_enabled is not false
    ) then
        raise warning 'Supabase broadcasts are not sent: %', v_obstacle;
    end if;
    if v_messages is not null and not exists (
        select from pg_policy as p
        where p.polrelid = v_messages and p.polname = 'realtime_messages_select_wedsync'
    ) then
        perform wedsync_realtime.admit_joiners();
    end if;
    return v_messages is not null;
end
$$;

comment on function wedsync_realtime.attach_broadcast() is
'Attach to Supabase Realtime where it exists: broadcasts, and the policy on who may join.';
revoke execute on function wedsync_realtime.attach_broadcast()
from public, anon, authenticated, service_role;
