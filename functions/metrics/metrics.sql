-- Tell the figures that Prometheus collects, in its terms: base units, counters that only grow and
-- end in _total, no ids of users or tenants. What a view has to count among all leases is taken
-- from the latest row of metrics_history, at most a minute old while the jobs run. Its parts can
-- be asked for by themselves, as an exporter does that wants a query for each set of labels.

create or replace function wedsync_realtime.metrics()
    returns table (
        name   text,
        type   text,
        help   text,
        labels jsonb,
        value  double precision
    )
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return query
    select 'wedsync_realtime_' || m.name, m.type, m.help, m.labels, m.value
    from (
        select * from wedsync_realtime.metrics_traffic()
        union all
        select * from wedsync_realtime.metrics_leases()
        union all
        select * from wedsync_realtime.metrics_jobs()
        union all
        select * from wedsync_realtime.metrics_relay()
        union all
        select * from wedsync_realtime.metrics_health()
        union all
        select * from wedsync_realtime.metrics_server()
    ) as m
    where m.value is not null
    order by m.name, m.labels;
end
$$;

comment on function wedsync_realtime.metrics() is
'Figures for Prometheus: name, type (gauge or counter), help, labels, value.';
revoke execute on function wedsync_realtime.metrics()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.metrics()
to wedsync_realtime_monitor, service_role;
