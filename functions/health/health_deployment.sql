-- health(): whether functions and views are as they were deployed.

create or replace function wedsync_realtime.health_deployment()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_changed text[];
begin
    v_changed := array(
        select d.path
        from wedsync_realtime.deployed_scripts as d
        left join pg_proc as p
            on
                p.proname = replace(split_part(d.path, '/', 3), '.sql', '')
                and p.pronamespace::regnamespace::text = split_part(d.path, '/', 2)
        left join wedsync_realtime.deployed_functions as o on o.path = d.path
        where
            d.kind = 'function'
            and wedsync_realtime.function_fingerprint(p.oid) is distinct from o.fingerprint
        union all
        select d.path
        from wedsync_realtime.deployed_scripts as d
        where
            d.kind = 'view'
            and not exists (
                select from pg_class as c
                where
                    c.relkind = 'v'
                    and c.relnamespace = 'wedsync_realtime'::regnamespace
                    and c.relname = replace(split_part(d.path, '/', 3), '.sql', '')
            )
        order by 1
    );
    return query
    select
        'deployed_version', case when cardinality(v_changed) > 0 then 'fail' else 'ok' end,
        case
            when cardinality(v_changed) > 0
                then 'changed by hand: ' || left(array_to_string(v_changed, ', '), 1000)
            else format(
                '%s scripts, the latest of %s', count(*), date_trunc('second', max(d.applied_at))
            )
        end,
        case
            when cardinality(v_changed) > 0
                then 'They are not what was deployed. Forget them, then run make migrate.'
            else ''
        end,
        case
            when cardinality(v_changed) > 0 then format(
                'delete from wedsync_realtime.deployed_scripts where path = any (%L)', v_changed
            )
            else ''
        end
    from wedsync_realtime.deployed_scripts as d;
end
$$;

comment on function wedsync_realtime.health_deployment() is 'health(): what was deployed.';
revoke execute on function wedsync_realtime.health_deployment()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_deployment()
to wedsync_realtime_owner;
