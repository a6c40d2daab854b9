-- Attach what the application's partitioned tables have got since the deployment, as new
-- partitions, and detach what they have let go; says what could not be attached, null when nothing
-- is left. One table at a time, and all of them together wait a second and a half: long enough for
-- autovacuum to give way, short enough for the writers of those that are attached already, which
-- wait for this to end. What somebody holds longer is tried at the next run.

create or replace function wedsync_realtime.attach_partitions()
    returns text
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_until constant timestamptz := clock_timestamp() + interval '1.5 s';
    v_channel wedsync_realtime.channels;
    v_relation regclass;
    v_failed text[];
begin
    -- a deployment attaches them itself
    begin
        lock table wedsync_realtime.feed_horizon in share update exclusive mode nowait;
    exception
        when lock_not_available then
            return null;
    end;
    for v_channel in
        select c.*
        from wedsync_realtime.channels as c
        inner join pg_class as r on r.oid = wedsync_realtime.channel_table(c)
        where r.relkind = 'p'
        order by c.id
    loop
        perform wedsync_realtime.detach_partitions(v_channel);
        perform wedsync_realtime.prepare_channels(v_channel.id);
        for v_relation in
            select distinct m.relation
            from wedsync_realtime.missing_attachments() as m
            where
                m.obstacle is null
                and m.relation in (
                    select p.relid
                    from pg_partition_tree(wedsync_realtime.channel_table(v_channel)) as p
                )
        loop
            begin
                if clock_timestamp() > v_until then
                    raise lock_not_available using message = 'no time was left for it';
                end if;
                perform wedsync_realtime.attach_relations(
                    array[v_relation], v_until - clock_timestamp()
                );
            exception
                when lock_not_available then
                    v_failed := v_failed || format('%s is not attached: %s', v_relation, sqlerrm);
            end;
        end loop;
        perform wedsync_realtime.enable_channels(v_channel.id);
    end loop;
    return array_to_string(v_failed, '; ');
end
$$;

comment on function wedsync_realtime.attach_partitions() is
'Attach new partitions of the application''s tables; returns which could not be, and why.';
revoke execute on function wedsync_realtime.attach_partitions()
from public, anon, authenticated, service_role;
