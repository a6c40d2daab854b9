-- Attach to Supabase Realtime, where its objects exist: switch broadcasts on unless somebody has
-- decided, and let holders of a live lease join their topic. There is no policy to insert:
-- clients send nothing here. False where there is no realtime.messages.

create or replace function wedsync_realtime.attach_broadcast()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_messages regclass := (
        select c.oid::regclass
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'realtime' and c.relname = 'messages'
    );
begin
    update wedsync_realtime.settings as s
    set broadcast_enabled = true
    where s.broadcast_enabled is null and exists (
        select from pg_proc as p
        inner join pg_namespace as n on n.oid = p.pronamespace
        where
            n.nspname = 'realtime' and p.proname = 'send'
            and oidvectortypes(p.proargtypes) = 'jsonb, text, text, boolean'
    );
    if v_messages is null then
        return false;
    end if;
    if exists (
        select from pg_policy as p
        where p.polrelid = v_messages and p.polname = 'realtime_messages_select_wedsync'
    ) then
        return true;
    end if;
    begin
        create policy realtime_messages_select_wedsync on realtime.messages
        for select to authenticated
        using (
            extension = 'broadcast'
            and topic = (select realtime.topic())
            and (select wedsync_realtime.may_join((select realtime.topic())))
        );
    exception
        when insufficient_privilege or undefined_function or undefined_column then
            raise warning 'nobody can join a broadcast topic: %', sqlerrm;
            return true;
    end;
    -- on Supabase it belongs to another role, and only its owner may comment
    if pg_has_role((select c.relowner from pg_class as c where c.oid = v_messages), 'usage') then
        comment on policy realtime_messages_select_wedsync on realtime.messages is
        'Holders of a live lease of wedsync-realtime join its topic.';
    end if;
    return true;
end
$$;

comment on function wedsync_realtime.attach_broadcast() is
'Attach to Supabase Realtime where it exists: broadcasts, and the policy on who may join.';
revoke execute on function wedsync_realtime.attach_broadcast()
from public, anon, authenticated, service_role;
