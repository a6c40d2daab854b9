-- Say why a channel cannot be enabled; null when it can: its table does not fit, belongs to
-- somebody else, or has not been attached yet. What is for postgres_changes alone does not count.

create or replace function wedsync_realtime.channel_problem(channel wedsync_realtime.channels)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table constant regclass := wedsync_realtime.channel_table(channel);
begin
    return coalesce(
        wedsync_realtime.table_problem(channel),
        (
            select coalesce(min(m.obstacle), 'it is not attached yet')
            from wedsync_realtime.missing_attachments(array(
                select v_table
                union
                select p.relid from pg_partition_tree(v_table) as p
                union
                select wedsync_realtime.ground_table(g.name)
                from (values ('user_profiles'), ('clients')) as g (name)
            )) as m
            where m.place < 3
            having count(*) > 0
        )
    );
end
$$;

comment on function wedsync_realtime.channel_problem(wedsync_realtime.channels) is
'Why a channel cannot be enabled; null when it can.';
revoke execute on function wedsync_realtime.channel_problem(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
