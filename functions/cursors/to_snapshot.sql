-- Build a snapshot from its upper bound and the transactions below it that it has not seen.

create or replace function wedsync_realtime.to_snapshot(xmax xid8, xip xid8[])
    returns pg_snapshot
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(xip) = 0 then
        return (xmax || ':' || xmax || ':')::pg_snapshot;
    end if;
    return (
        select (concat_ws(
            ':',
            coalesce(min(u.x), to_snapshot.xmax),
            to_snapshot.xmax,
            coalesce(string_agg(u.x::text, ',' order by u.x), '')
        ))::pg_snapshot
        from (
            select distinct x
            from unnest(to_snapshot.xip) as x
            where x < to_snapshot.xmax
        ) as u
    );
end
$$;

comment on function wedsync_realtime.to_snapshot(xid8, xid8[]) is
'Snapshot that has seen everything below xmax but the transactions in xip.';
revoke execute on function wedsync_realtime.to_snapshot(xid8, xid8[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.to_snapshot(xid8, xid8[]) to wedsync_realtime_owner;
