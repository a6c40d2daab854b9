-- Note how each function looks that was deployed since this was noted last, so that health() can
-- tell a change by hand from a deployment. Writes nothing when nothing was deployed. All of them
-- are noted anew where it is noted in another way than before.

create or replace function wedsync_realtime.record_functions()
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_recorded integer;
begin
    delete from wedsync_realtime.deployed_functions as o
    where not exists (
        select from wedsync_realtime.deployed_scripts as d
        where d.path = o.path and d.applied_at = o.applied_at
    )
    or exists (
        select
        from wedsync_realtime.deployed_scripts as d
        inner join wedsync_realtime.deployed_functions as f on f.path = d.path
        where d.path like '%/function_fingerprint.sql' and d.applied_at <> f.applied_at
    );
    insert into wedsync_realtime.deployed_functions (path, applied_at, fingerprint)
    select d.path, d.applied_at, wedsync_realtime.function_fingerprint(p.oid)
    from wedsync_realtime.deployed_scripts as d
    inner join pg_proc as p
        on
            p.proname = replace(split_part(d.path, '/', 3), '.sql', '')
            and p.pronamespace::regnamespace::text = split_part(d.path, '/', 2)
    where
        d.kind = 'function'
        and not exists (
            select from wedsync_realtime.deployed_functions as o where o.path = d.path
        );
    get diagnostics v_recorded = row_count;
    return v_recorded;
end
$$;

comment on function wedsync_realtime.record_functions() is
'Note how the functions deployed last look; returns how many.';
revoke execute on function wedsync_realtime.record_functions()
from public, anon, authenticated, service_role;
