-- Count what this transaction has inserted into realtime.messages, from the statistics that the
-- server keeps of its own work: nothing is read from the table, however large it is.

create or replace function wedsync_realtime.messages_inserted()
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select coalesce(sum(pg_stat_get_xact_tuples_inserted(m.oid)), 0)::bigint
        from (
            select 'realtime.messages'::regclass as oid
            union all
            select i.inhrelid from pg_inherits as i
            where i.inhparent = 'realtime.messages'::regclass
        ) as m
    );
end
$$;

comment on function wedsync_realtime.messages_inserted() is
'How many rows this transaction has inserted into realtime.messages.';
revoke execute on function wedsync_realtime.messages_inserted()
from public, anon, authenticated, service_role;
