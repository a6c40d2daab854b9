-- Take the triggers of a channel off tables that were partitions of its table and no longer are,
-- because what is written there is no change of it. What is in use is left for the next run.

create or replace function wedsync_realtime.detach_partitions(channel wedsync_realtime.channels)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '50ms'
as $$
-- identifiers come from the catalog: @plpgsql_check_options: security_warnings = off
declare
    v_table constant regclass := wedsync_realtime.channel_table(channel);
    v_trigger record;
begin
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as relation
        from pg_trigger as t
        inner join pg_class as r on r.oid = t.tgrelid and pg_has_role(r.relowner, 'usage')
        inner join pg_proc as p on p.oid = t.tgfoid
        where
            p.pronamespace = 'wedsync_realtime'::regnamespace
            and t.tgname like '%\_dispatch\_' || channel.id
            and t.tgrelid not in (select x.relid from pg_partition_tree(v_table) as x)
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.relation);
    end loop;
exception
    when lock_not_available then null;
end
$$;

comment on function wedsync_realtime.detach_partitions(wedsync_realtime.channels) is
'Take the triggers of a channel off tables that are partitions of its table no longer.';
revoke execute on function wedsync_realtime.detach_partitions(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
