-- health(): the triggers that audit, count and revoke.

create or replace function wedsync_realtime.health_triggers()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_amiss text;
begin
    select string_agg(n.name, ', ' order by n.name) into v_amiss
    from unnest(wedsync_realtime.watching_triggers()) as n (name)
    where not exists (
        select from pg_trigger as g where g.tgname = n.name and g.tgenabled in ('O', 'A')
    );
    return query
    select
        'watching_triggers', case when v_amiss is null then 'ok' else 'fail' end,
        coalesce(v_amiss, 'complete'),
        case
            when v_amiss is null then ''
            else 'Subscriptions are not counted, audited or revoked as they should be. A dropped '
                'trigger comes back with make migrate; a disabled one must be enabled.'
        end,
        coalesce((
            select string_agg(
                format('alter table %s enable trigger %I', g.tgrelid::regclass, g.tgname), '; '
            )
            from pg_trigger as g
            where g.tgname = any (string_to_array(v_amiss, ', '))
        ), '');
end
$$;

comment on function wedsync_realtime.health_triggers() is 'health(): triggers.';
revoke execute on function wedsync_realtime.health_triggers()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_triggers()
to wedsync_realtime_owner;
