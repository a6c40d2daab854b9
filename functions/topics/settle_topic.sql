-- Say whether a topic records everything by now. A writer that ran its statement before the
-- topic was visible recorded nothing for it and may commit later: so the topic waits for the
-- transactions that held a write lock on the table when it was first polled, prepared ones too,
-- and for no later ones. In the transaction that made it hot a topic is visible to nobody else.
-- While another poll holds the row, in a transaction that its caller may leave open, nothing is
-- remembered: the answer is then of this moment alone. Who holds a write lock now may have missed
-- the topic; when nobody does, nobody has, for whoever comes later sees it.

create or replace function wedsync_realtime.settle_topic(topic_id bigint)
    returns boolean
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_blockers text[];
    v_left text[];
begin
    select t.blockers into v_blockers
    from wedsync_realtime.topics as t
    where
        t.id = settle_topic.topic_id
        and t.xid is distinct from pg_current_xact_id_if_assigned();
    if not found then
        return false;
    end if;
    select coalesce(array_agg(distinct l.virtualtransaction), '{}') into v_left
    from wedsync_realtime.topics as t
    inner join wedsync_realtime.channels as c on c.id = t.channel_id
    inner join pg_namespace as n on n.nspname = c.schema_name
    inner join pg_class as r on r.relnamespace = n.oid and r.relname = c.table_name
    inner join pg_locks as l
        on
            l.relation = r.oid or l.relation in (select p.relid from pg_partition_tree(r.oid) as p)
    where
        t.id = settle_topic.topic_id
        and l.locktype = 'relation'
        and l.database = (select d.oid from pg_database as d where d.datname = current_database())
        and l.granted
        and l.mode in (
            'RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
        )
        and (
            v_blockers is null
            or l.virtualtransaction = any (v_blockers)
            -- a prepared transaction that was recovered at a restart has another name then
            or l.virtualtransaction like '-1/%'
        );

    if v_blockers is null or cardinality(v_left) = 0 then
        with settled as (
            update wedsync_realtime.topics as t
            set blockers = v_left, is_ready = cardinality(v_left) = 0
            where t.id = (
                select o.id
                from wedsync_realtime.topics as o
                where o.id = settle_topic.topic_id and o.blockers is not distinct from v_blockers
                for no key update skip locked
            )
            returning t.id, t.is_ready
        )
        insert into wedsync_realtime.notices (topic_id)
        select s.id from settled as s where s.is_ready;
    end if;
    return cardinality(v_left) = 0;
end
$$;

comment on function wedsync_realtime.settle_topic(bigint) is
'Whether a topic records everything by now; remembers it once it does, unless somebody holds it.';
revoke execute on function wedsync_realtime.settle_topic(bigint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.settle_topic(bigint)
to wedsync_realtime_owner;
