-- Attach one channel's table and its partitions, and enable the channel if a deployment had
-- disabled it. Whatever is in place is left alone, so it costs nothing and locks nothing when run
-- again. False, with a warning, when the channel cannot be attached.

create or replace function wedsync_realtime.attach_channel(channel wedsync_realtime.channels)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_generic_plan
as $$
declare
    v_table constant regclass := wedsync_realtime.channel_table(channel);
    v_relations regclass[];
begin
    perform wedsync_realtime.prepare_channels(channel.id);
    v_relations := array(
        select distinct m.relation
        from wedsync_realtime.missing_attachments(array(
            select v_table union select p.relid from pg_partition_tree(v_table) as p
        )) as m
        where m.obstacle is null
    );
    if cardinality(v_relations) > 0 then
        perform wedsync_realtime.attach_relations(v_relations);
    end if;
    perform wedsync_realtime.enable_channels(channel.id);
    return (
        select c.problem is null from wedsync_realtime.channels as c where c.id = channel.id
    );
exception
    when lock_not_available then
        raise warning 'channel % is not attached: %', channel.name, sqlerrm;
        return false;
end
$$;

comment on function wedsync_realtime.attach_channel(wedsync_realtime.channels) is
'Attach a channel to its table: replica identity, publication, triggers; false when it cannot be.';
revoke execute on function wedsync_realtime.attach_channel(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
