-- Attach a channel's table and its partitions, which may be written to directly: replica
-- identity, publication, dispatch triggers. Whatever is in place is left alone, so it costs
-- nothing and locks nothing when run again. False when the table does not exist yet. A table whose
-- generated columns PostgreSQL would not let replica identity full and the publication go together
-- for keeps the identity it has; one that has full already stays out of the publication.

create or replace function wedsync_realtime.attach_channel(channel wedsync_realtime.channels)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table regclass := wedsync_realtime.channel_table(channel);
    v_part regclass;
begin
    if v_table is null then
        return false;
    end if;
    if channel.found_published is null then
        perform wedsync_realtime.note_found(channel.id, v_table);
    end if;
    if not wedsync_realtime.is_published(v_table)
        and not exists (
            select
            from pg_class as c
            where
                c.oid in (select v_table union select p.relid from pg_partition_tree(v_table) as p)
                and c.relreplident = 'f'
                and not wedsync_realtime.can_send_rows(c.oid)
        )
    then
        execute format('alter publication supabase_realtime add table %s', v_table);
    end if;
    perform wedsync_realtime.compile_channel(channel);

    for v_part in
        select v_table
        union
        select p.relid from pg_partition_tree(v_table) as p
    loop
        if (select c.relreplident from pg_class as c where c.oid = v_part) <> 'f'
            and wedsync_realtime.can_send_rows(v_part)
        then
            execute format('alter table %s replica identity full', v_part);
        end if;
        perform wedsync_realtime.attach_triggers(channel, v_part);
    end loop;
    return true;
end
$$;

comment on function wedsync_realtime.attach_channel(wedsync_realtime.channels) is
'Attach a channel to its table: replica identity, publication, triggers; false when there is no '
'table.';
revoke execute on function wedsync_realtime.attach_channel(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
