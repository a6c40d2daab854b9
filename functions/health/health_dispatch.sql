-- health(): what dispatch could not do in the last hour. A broadcast that failed is in the feed
-- all the same; a change that was not recorded has made every client of its channel resync.

create or replace function wedsync_realtime.health_dispatch()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        'dispatch_failures',
        case
            when count(*) filter (where f.kind = 'dispatch') > 0 then 'fail'
            when count(*) > 0 then 'warn'
            else 'ok'
        end,
        case
            when count(*) = 0 then 'none in the last hour'
            else format(
                '%s in the last hour; latest: %s', sum(f.count),
                left((array_agg(f.message order by f.last_at desc))[1], 200)
            )
        end,
        case
            when count(*) = 0 then ''
            when count(*) filter (where f.kind = 'dispatch') > 0
                then 'Changes were not recorded and clients were told to resync: mend what the '
                    'message names.'
            else 'Broadcasts were not sent; polls bring the events. See Supabase Realtime.'
        end,
        case
            when count(*) = 0 then ''
            else 'select * from wedsync_realtime.dispatch_failures order by last_at desc limit 20'
        end
    from wedsync_realtime.dispatch_failures as f
    where f.last_at > statement_timestamp() - interval '1 hour';
end
$$;

comment on function wedsync_realtime.health_dispatch() is 'health(): failures of dispatch.';
revoke execute on function wedsync_realtime.health_dispatch()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_dispatch()
to wedsync_realtime_owner;
