-- Read the first events that transactions left which were running when a position was taken. Apart
-- from the others, because there often is none: with thirty partitions a drain that made ready to
-- look into each for it would take half as long again.

create or replace function wedsync_realtime.late_firsts(xids xid8[])
    returns table (xid xid8, channel_id smallint, tenant_id uuid, id bigint)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.xid, e.channel_id, e.tenant_id, e.id
    from wedsync_realtime.events as e
    where e.is_first and e.xid = any (late_firsts.xids);
end
$$;

comment on function wedsync_realtime.late_firsts(xid8[]) is
'First events of statements by transactions that were running when a position was taken.';
revoke execute on function wedsync_realtime.late_firsts(xid8[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.late_firsts(xid8[])
to wedsync_realtime_owner;
