-- Say whether foreign keys may update rows of a channel's table.

create or replace function wedsync_realtime.has_cascades(channel wedsync_realtime.channels)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table constant regclass := wedsync_realtime.channel_table(channel);
begin
    return exists (
        select
        from pg_constraint as k
        where
            k.contype = 'f'
            and (k.confdeltype in ('n', 'd') or k.confupdtype in ('c', 'n', 'd'))
            and (
                k.conrelid = v_table
                or k.conrelid in (select p.relid from pg_partition_tree(v_table) as p)
            )
    );
end
$$;

comment on function wedsync_realtime.has_cascades(wedsync_realtime.channels) is
'Whether foreign keys may update rows of a channel''s table.';
revoke execute on function wedsync_realtime.has_cascades(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.has_cascades(wedsync_realtime.channels)
to wedsync_realtime_owner;
