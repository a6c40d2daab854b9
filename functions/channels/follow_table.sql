-- Follow what became of the table of a channel since the deployment: attach it when it was made
-- anew, and new partitions, detach former ones. Whoever listens to a table that was made anew is
-- told to resync, since its rows came untold; a channel that this role may not attach is disabled.
-- Says what could not be attached in time.

create or replace function wedsync_realtime.follow_table(
    channel wedsync_realtime.channels,
    missing regclass[],
    until   timestamptz
)
    returns text
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table constant regclass := wedsync_realtime.channel_table(channel);
    v_is_new boolean;
    v_relation regclass;
    v_failed text[];
begin
    v_is_new := channel.is_enabled and not exists (
        select from pg_trigger as t
        where t.tgrelid = v_table and t.tgname like '%\_dispatch\_' || channel.id
    );
    perform wedsync_realtime.detach_partitions(channel)
    from pg_class as r where r.oid = v_table and r.relkind = 'p';
    for v_relation in
        select m.relation from unnest(missing) as m (relation)
        where m.relation = v_table or m.relation in (
            select p.relid from pg_partition_tree(v_table) as p
        )
        order by m.relation
    loop
        begin
            if clock_timestamp() > until then
                raise lock_not_available using message = 'no time was left for it';
            end if;
            perform wedsync_realtime.attach_relations(
                array[v_relation], until - clock_timestamp()
            );
            if v_is_new and v_relation = v_table then
                insert into wedsync_realtime.resets (channel_id, reason)
                values (channel.id, 'table_replaced');
            end if;
        exception
            when lock_not_available then
                v_failed := v_failed || format('%s is not attached: %s', v_relation, sqlerrm);
        end;
    end loop;
    if v_is_new and v_table <> all (missing) then
        update wedsync_realtime.channels as c
        set is_enabled = false, problem = wedsync_realtime.channel_problem(c)
        where c.id = channel.id and wedsync_realtime.channel_problem(c) is not null;
    elsif channel.problem <> coalesce(wedsync_realtime.channel_problem(channel), '') then
        perform wedsync_realtime.enable_channels(channel.id);
    end if;
    return array_to_string(v_failed, '; ');
end
$$;

comment on function wedsync_realtime.follow_table(
    wedsync_realtime.channels, regclass[], timestamptz
) is
'Attach the table of a channel when it was made anew, and new partitions; returns what could not '
'be attached in time.';
revoke execute on function wedsync_realtime.follow_table(
    wedsync_realtime.channels, regclass[], timestamptz
)
from public, anon, authenticated, service_role;
