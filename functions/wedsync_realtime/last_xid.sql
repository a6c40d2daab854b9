-- Find the latest transaction with an event or a reset on a topic that a snapshot has seen.

create or replace function wedsync_realtime.last_xid(topic_id bigint, upto pg_snapshot)
    returns xid8
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return greatest(
        (
            select e.xid
            from wedsync_realtime.topics as t
            inner join wedsync_realtime.events as e
                on e.tenant_id = t.tenant_id and e.channel_id = t.channel_id
            where t.id = last_xid.topic_id and pg_visible_in_snapshot(e.xid, upto)
            order by e.xid desc
            limit 1
        ),
        (
            select r.xid
            from wedsync_realtime.topics as t
            inner join wedsync_realtime.resets as r on r.channel_id = t.channel_id
            where t.id = last_xid.topic_id and pg_visible_in_snapshot(r.xid, upto)
            order by r.xid desc
            limit 1
        )
    );
end
$$;

comment on function wedsync_realtime.last_xid(bigint, pg_snapshot) is
'Latest transaction with an event or a reset on a topic that a snapshot has seen.';
revoke execute on function wedsync_realtime.last_xid(bigint, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.last_xid(bigint, pg_snapshot)
to wedsync_realtime_owner;
