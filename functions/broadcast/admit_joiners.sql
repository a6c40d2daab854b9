-- Make the policy that lets holders of a live lease join their topic, where Supabase Realtime
-- exists and it is missing. There is none to insert: clients send nothing here. It is tried,
-- because Supabase lets the deploying role make policies on a table that belongs to another; and
-- tried again in short locks, because every sender of a message queues behind it.

create or replace function wedsync_realtime.admit_joiners()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '50ms'
as $$
-- the text is a constant: @plpgsql_check_options: security_warnings = off
declare
    c_policy constant text :=
        'create policy realtime_messages_select_wedsync on realtime.messages '
        'for select to authenticated using (extension = ''broadcast'' '
        'and topic = (select realtime.topic()) '
        'and (select wedsync_realtime.may_join((select realtime.topic()))))';
    v_until constant timestamptz := clock_timestamp() + interval '30 s';
    v_messages constant oid := (
        select c.oid
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'realtime' and c.relname = 'messages'
    );
begin
    if v_messages is null or exists (
        select from pg_policy as p
        where p.polrelid = v_messages and p.polname = 'realtime_messages_select_wedsync'
    ) then
        return false;
    end if;
    loop
        begin
            execute c_policy;
            exit;
        exception
            when lock_not_available then
                if clock_timestamp() > v_until then
                    raise;
                end if;
            when insufficient_privilege then
                raise warning 'nobody can join a broadcast topic: as a superuser run "%"',
                    c_policy;
                return false;
            when undefined_function or undefined_column then
                raise warning 'nobody can join a broadcast topic: %', sqlerrm;
                return false;
        end;
        perform pg_sleep(0.1 + random() * 0.3);
    end loop;
    -- only its owner may comment
    if (select pg_has_role(c.relowner, 'usage') from pg_class as c where c.oid = v_messages) then
        comment on policy realtime_messages_select_wedsync on realtime.messages is
        'Holders of a live lease of wedsync-realtime join its topic.';
    end if;
    return true;
end
$$;

comment on function wedsync_realtime.admit_joiners() is
'Make the policy that lets holders of a live lease join their broadcast topic.';
revoke execute on function wedsync_realtime.admit_joiners()
from public, anon, authenticated, service_role;
